namespace GmailCluster.Chaos;

/// <summary>A folder of its own for a pass: store, caches and nothing else.</summary>
internal sealed class PassFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("gmailcluster-chaos-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
