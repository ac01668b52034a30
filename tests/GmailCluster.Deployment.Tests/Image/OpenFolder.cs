using System.Runtime.Versioning;

[assembly: SupportedOSPlatform("linux")]

namespace GmailCluster.Deployment.Tests.Image;

/// <summary>A temporary folder that every user may write, as a volume of Kubernetes is; removed with what is in it.</summary>
internal sealed class OpenFolder : IDisposable
{
    public OpenFolder() => File.SetUnixFileMode(Path, (UnixFileMode)0b111_111_111);

    public string Path { get; } = Directory.CreateTempSubdirectory("gmailcluster-image-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
