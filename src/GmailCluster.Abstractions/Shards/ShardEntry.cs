namespace GmailCluster.Shards;

/// <summary>One committed shard: a WebDataset tar named by its content.</summary>
/// <param name="Number">Its number in the data set, from 0. Number and content are pure functions of the spec.</param>
/// <param name="Sha256">SHA-256 of the tar, 64 lower-case hexadecimal digits.</param>
/// <param name="LengthBytes">Length of the tar.</param>
/// <param name="SampleCount">How many samples it holds.</param>
[GenerateSerializer, Immutable, Alias("gmail.shard-entry")]
public sealed record ShardEntry(
    [property: Id(0)] int Number, [property: Id(1)] string Sha256, [property: Id(2)] long LengthBytes, [property: Id(3)] int SampleCount);
