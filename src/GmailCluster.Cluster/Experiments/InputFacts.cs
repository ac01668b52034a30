using GmailCluster.Specs;

namespace GmailCluster.Cluster.Experiments;

/// <summary>What the planner knows about the files a spec names; read once, before planning.</summary>
/// <param name="Digests">SHA-256 of the content of each model folder and of the prompts' file, by absolute path.</param>
/// <param name="Datasets">What each data set holds, by how the spec names it.</param>
/// <param name="PromptCount">Captions to generate for; 0 when nothing is generated.</param>
public sealed record InputFacts(
    IReadOnlyDictionary<string, string> Digests, IReadOnlyDictionary<DatasetSpec, DatasetFacts> Datasets, int PromptCount);

/// <summary>What a data set holds.</summary>
/// <param name="Digest">SHA-256 of its files' names and contents, with pictures that lie beside a table.</param>
/// <param name="Pictures">How many pictures the spec takes of it.</param>
public sealed record DatasetFacts(string Digest, int Pictures);
