namespace GmailCluster.Cluster.Experiments;

/// <summary>What the planner knows about the files a spec names; read once, before planning.</summary>
/// <param name="Digests">SHA-256 of the content of each file or folder, by absolute path.</param>
/// <param name="DatasetCounts">Pictures in each data set, by absolute path.</param>
/// <param name="PromptCount">Captions to generate for; 0 when nothing is generated.</param>
public sealed record InputFacts(
    IReadOnlyDictionary<string, string> Digests, IReadOnlyDictionary<string, int> DatasetCounts, int PromptCount);
