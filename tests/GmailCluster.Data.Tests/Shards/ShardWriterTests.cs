using System.Formats.Tar;
using CsCheck;
using GmailCluster.Data.Shards;
using GmailCluster.Errors;

namespace GmailCluster.Data.Tests.Shards;

public sealed class ShardWriterTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static readonly Gen<string> KeyText = Gen.OneOf(
        Gen.String[Gen.Char["abcXYZ019_-+ ~é猫"], 1, 12],
        Gen.String[Gen.Char['a', 'z'], 90, 320],
        Gen.Select(Gen.String[Gen.Char['a', 'z'], 20, 170], Gen.String[Gen.Char['a', 'z'], 20, 120]).Select((folder, name) => $"{folder}/{name}"));

    private static readonly Gen<ShardSample[]> Samples =
        Gen.Select(KeyText, Gen.Dictionary(Gen.OneOf("png", "txt", "json", "seg.png"), Gen.Byte.Array[0, 1500])[1, 4])
            .Select((key, members) => new ShardSample(key, new Dictionary<string, byte[]>(members)))
            .Array[0, 8]
            .Select(samples => samples.DistinctBy(s => s.Key).ToArray());

    [Fact]
    public void What_is_written_is_read_back_whatever_the_order_and_an_independent_reader_agrees() => Samples.Sample(samples =>
    {
        var (forward, backward) = (Write(samples), Write([.. samples.Reverse()]));

        Assert.Equal(forward, backward);
        Assert.Equal(0, forward.Length % 512);
        var read = new ShardReader(new MemoryStream(forward), "x.tar").Read(Token).ToBlockingEnumerable(Token);
        Assert.Equal(Flat(samples.OrderBy(s => s.Key, StringComparer.Ordinal)), Flat(read));
        Assert.Equal(Flat(samples.OrderBy(s => s.Key, StringComparer.Ordinal)), IndependentlyRead(forward));
    }, iter: 200, threads: 1);

    [Fact]
    public void A_shard_has_these_bytes()
    {
        var tar = Write([new ShardSample("k", new Dictionary<string, byte[]> { ["txt"] = "hi"u8.ToArray(), ["json"] = "{}"u8.ToArray() })]);

        // The same as Python's tarfile writes in USTAR_FORMAT, its padding to 10,240 bytes aside. Other bytes would rename every shard.
        Assert.Equal(3072, tar.Length);
        Assert.Equal("754d3881fa0e6e4d1e6cd2abe9e8bf27fcde16619ebc6dbef3e75e28ae4c30ac", Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(tar)));
    }

    [Fact]
    public async Task Samples_out_of_order_or_twice_are_refused()
    {
        var writer = new ShardWriter(new MemoryStream());
        await writer.Add(Sample("b"), Token);

        Assert.Contains("used twice", (await Assert.ThrowsAsync<InputException>(() => writer.Add(Sample("b"), Token))).Message, StringComparison.Ordinal);
        Assert.Contains("comes after 'b'", (await Assert.ThrowsAsync<InputException>(() => writer.Add(Sample("a"), Token))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a.b", "png")]
    [InlineData("", "png")]
    [InlineData("a", "PNG")]
    [InlineData("a", "")]
    [InlineData("a", "x/y")]
    [InlineData("../a", "png")]
    [InlineData("/a", "png")]
    [InlineData("a\nb", "png")]
    public async Task A_name_that_would_not_be_read_back_is_refused(string key, string extension) =>
        await Assert.ThrowsAsync<InputException>(() => ShardWriter.WriteAll(
            new MemoryStream(), [new ShardSample(key, new Dictionary<string, byte[]> { [extension] = [1] })], Token));

    [Fact]
    public void Any_id_has_a_key_that_leads_back_to_it() =>
        Gen.OneOf(Gen.String[Gen.Char[" .%/\\:~\t\0aZ9é猫\u0085"], 1, 20], Gen.String[Gen.Char[' ', '~'], 1, 20]).Sample(id =>
        {
            var key = ShardKey.FromId(id);

            Assert.Equal(id, ShardKey.ToId(key));
            var read = Assert.Single(new ShardReader(new MemoryStream(Write([Sample(key)])), "x.tar").Read(Token).ToBlockingEnumerable(Token));
            Assert.Equal(key, read.Key);
        }, iter: 500, threads: 1);

    private static ShardSample Sample(string key) => new(key, new Dictionary<string, byte[]> { ["txt"] = [1, 2, 3] });

    private static byte[] Write(IReadOnlyList<ShardSample> samples)
    {
        using var memory = new MemoryStream();
        ShardWriter.WriteAll(memory, samples, Token).GetAwaiter().GetResult();
        return memory.ToArray();
    }

    private static List<string> Flat(IEnumerable<ShardSample> samples) =>
        [.. samples.SelectMany(s => s.Members.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => $"{s.Key}.{m.Key}={Convert.ToHexStringLower(m.Value)}"))];

    private static List<string> IndependentlyRead(byte[] tar)
    {
        var lines = new List<string>();
        using var reader = new TarReader(new MemoryStream(tar));
        while (reader.GetNextEntry(copyData: true) is { } entry)
        {
            Assert.Equal(DateTimeOffset.UnixEpoch, entry.ModificationTime);
            using var memory = new MemoryStream();
            entry.DataStream?.CopyTo(memory);
            lines.Add($"{entry.Name}={Convert.ToHexStringLower(memory.ToArray())}");
        }

        return lines;
    }
}
