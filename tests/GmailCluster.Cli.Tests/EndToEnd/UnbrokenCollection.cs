namespace GmailCluster.Cli.Tests.EndToEnd;

/// <summary>Tests that compare with one unbroken run, which is then made once.</summary>
[CollectionDefinition(nameof(UnbrokenCollection))]
public sealed class UnbrokenCollection : ICollectionFixture<UnbrokenRun>;
