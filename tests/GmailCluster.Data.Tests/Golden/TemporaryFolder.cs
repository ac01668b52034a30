namespace GmailCluster.Golden;

/// <summary>A folder of a test's own, gone with the test.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("gmailcluster-").FullName;

    public void Copy(string from, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            System.IO.File.Copy(System.IO.Path.Combine(from, name), At(name), overwrite: true);
        }
    }

    public string At(string name) => System.IO.Path.Combine(Path, name);

    public void Write(string name, string text) => System.IO.File.WriteAllText(At(name), text);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
