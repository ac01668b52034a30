namespace GmailCluster.Cluster.Tests.Generation;

/// <summary>Runs when nothing else does: silos that hundreds of other tests keep from a processor give one another up.</summary>
[CollectionDefinition(nameof(GenerationCollection), DisableParallelization = true)]
public sealed class GenerationCollection;
