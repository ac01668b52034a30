using System.Net;
using System.Runtime.Versioning;
using GmailCluster.Errors;
using GmailCluster.Host.Roles;

namespace GmailCluster.Host.Tests.Roles;

public sealed class ClusterSecretTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gmailcluster-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task Silos_of_one_machine_that_start_at_once_share_one_secret_that_only_their_user_can_read()
    {
        var secrets = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => ClusterSecret.Read(Options(null), IPAddress.Loopback))));

        Assert.Single(secrets.Distinct());
        Assert.True(secrets[0].Length >= 32);
        var file = Assert.Single(Directory.GetFiles(_folder));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Fact]
    public void A_silo_that_others_can_reach_needs_a_secret_of_its_cluster()
    {
        var error = Assert.Throws<InputException>(() => ClusterSecret.Read(Options(null), IPAddress.Parse("10.0.0.7")));

        Assert.StartsWith("--secret-file: is missing, and 10.0.0.7 can be reached by others.", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("short\n", "is too short a secret")]
    [InlineData(null, "cannot be read")]
    public void What_is_no_secret_is_refused_without_showing_it(string? content, string problem)
    {
        var file = Path.Combine(_folder, "given");
        if (content is not null)
        {
            File.WriteAllText(file, content);
        }

        var error = Assert.Throws<InputException>(() => ClusterSecret.Read(Options(file), IPAddress.Loopback));

        Assert.StartsWith($"{file}: {problem}", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(content?.Trim() ?? "\0", error.Message.Replace("too short", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    private SiloOptions Options(string? secret) => new() { Store = "store", Slots = 1, CacheFolder = _folder, SecretFile = secret };
}
