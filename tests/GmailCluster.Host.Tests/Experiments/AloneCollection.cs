namespace GmailCluster.Host.Tests.Experiments;

/// <summary>Tests that look at the whole process: they run when no other does.</summary>
[CollectionDefinition(nameof(AloneCollection), DisableParallelization = true)]
public sealed class AloneCollection;
