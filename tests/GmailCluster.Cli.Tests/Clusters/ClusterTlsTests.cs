using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using GmailCluster.Cluster.Tests.Exchange;
using GmailCluster.Host.Tests.Experiments;

namespace GmailCluster.Cli.Tests.Clusters;

/// <summary>A cluster whose silos and clients show certificates: it works, it lets in nobody else, and renewed files are taken as they come.</summary>
public sealed class ClusterTlsTests : IDisposable
{
    private readonly TinyExperiment _experiment = new TinyExperiment("caption: { steps: 2, batch_size: 4 }")
        .With("limit: 48", "limit: 24").With("arms: [naive, gmail+real]", "arms: [gmail]");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _experiment.Dispose();

    [Fact]
    public async Task Silos_and_clients_with_certificates_run_an_experiment_and_nobody_else_is_let_in()
    {
        using var authority = TestCertificates.Authority();
        using TestCertificates first = new(authority), second = new(authority), mine = new(authority), foreign = new();
        await using var redis = await LocalRedis.Start();
        using var silo = await Joined(redis, first);
        using var other = await Joined(redis, second);

        var run = await Client(redis, Named(mine), "submit", "tiny.yaml", "--watch");
        var refused = await Task.WhenAll(
            Client(redis, [], "status", "tiny"),
            Client(redis, Named(foreign), "status", "tiny"),
            Client(redis, Named(foreign, authority: mine), "status", "tiny"),
            Client(redis, [.. Named(mine), "--tls-name", "silos.lab"], "status", "tiny"));
        await using (var plain = await Connect(silo.Gateway))
        {
            await plain.WriteAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray(), Token);
            await silo.Process.Line(line => line.Contains("Refused a connection from 127.0.0.1:", StringComparison.Ordinal));
        }

        using var stranger = Start(redis, foreign);
        var disbelief = await stranger.Line(line => line.Contains("is not believed", StringComparison.Ordinal));
        stranger.Kill();
        await stranger.End();
        silo.Process.Terminate();
        var ended = await silo.Process.End();

        Assert.True(run is { ExitCode: 0, Error: "" } && run.Out.Contains("caption CIDEr (novel)", StringComparison.Ordinal), run.Out + run.Error + ended.Error);
        var at = $"cluster gmailcluster at Redis {redis.Address}: ";
        Assert.Equal(
            (1, $"{at}uses TLS, and lets in nobody without a certificate. Name yours with --tls-cert, --tls-key and --tls-ca (GMAILCLUSTER_TLS_CERT, _KEY, _CA).\n"),
            (refused[0].ExitCode, refused[0].Error));
        Assert.Equal(
            (1, $"{at}shows a certificate that {foreign.AuthorityFile} does not vouch for, or not under its address: PartialChain. Name the cluster's authority with --tls-ca, and with --tls-name the name that its silos' certificates hold.\n"),
            (refused[1].ExitCode, refused[1].Error));
        Assert.Equal(
            (1, $"{at}does not let in the certificate {foreign.Certificate}. Take one that the cluster's authority issued, for client authentication, and that has not expired.\n"),
            (refused[2].ExitCode, refused[2].Error));
        Assert.Contains("not under the name silos.lab: it has another name.", refused[3].Error, StringComparison.Ordinal);
        Assert.Contains("PartialChain", disbelief, StringComparison.Ordinal);
        Assert.Equal(0, ended.ExitCode);
        Assert.DoesNotContain("   at ", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Renewed_certificates_and_another_authority_are_taken_without_a_restart()
    {
        using var before = TestCertificates.Authority();
        using var after = TestCertificates.Authority();
        using TestCertificates silos = new(before), mine = new(before), renewed = new(after);
        await using var redis = await LocalRedis.Start();
        using var silo = await Joined(redis, silos);
        var shown = (Before: silos.SerialNumber, Gateway: await Shown(silo.Gateway), Port: await Shown(silo.Address));
        var early = await Client(redis, Named(renewed), "submit", "tiny.yaml");

        silos.Issue(after, before);
        var rotated = (After: silos.SerialNumber, Gateway: await Shown(silo.Gateway), Port: await Shown(silo.Address));
        var late = await Client(redis, Named(renewed), "submit", "tiny.yaml");
        mine.Trust(before, after);
        var old = await Client(redis, Named(mine), "status", "tiny");
        using var joining = await Joined(redis, renewed);
        silo.Process.Terminate();
        var ended = await silo.Process.End();

        Assert.Equal((shown.Before, shown.Before), (shown.Gateway, shown.Port));
        Assert.Equal((rotated.After, rotated.After), (rotated.Gateway, rotated.Port));
        Assert.Equal((1, 0, "", 0, ""), (early.ExitCode, late.ExitCode, late.Error, old.ExitCode, old.Error));
        Assert.Contains($"{silos.Certificate} has changed: new connections use it.", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_with_certificates_does_not_talk_in_the_clear()
    {
        using var mine = new TestCertificates();
        await using var redis = await LocalRedis.Start();
        using var silo = await Joined(redis, null);

        var run = await Client(redis, Named(mine), "submit", "tiny.yaml");
        var half = await Client(redis, Named(mine)[..2], "submit", "tiny.yaml");

        Assert.Equal(
            (1, $"cluster gmailcluster at Redis {redis.Address}: does not use TLS, but certificates are named. Leave out --tls-cert, --tls-key and --tls-ca (GMAILCLUSTER_TLS_CERT, _KEY, _CA), or start the silos with theirs.\n"),
            (run.ExitCode, run.Error));
        Assert.Equal((2, "TLS: lacks --tls-key and --tls-ca. Name certificate, key and authority together, or none of them.\n"), (half.ExitCode, half.Error));
    }

    private CommandProcess Start(LocalRedis redis, TestCertificates? certificates) => CommandProcess.Start(
        _experiment.Folder,
        ["silo", "--store", "store", "--redis", redis.Options, "--slots", "1", "--cache", "cache", .. certificates is null ? [] : Named(certificates)]);

    private async Task<JoinedSilo> Joined(LocalRedis redis, TestCertificates? certificates)
    {
        var process = Start(redis, certificates);
        var words = (await process.Line(line => line.StartsWith("Silo 127.0.0.1:", StringComparison.Ordinal))).Split(' ');
        return new JoinedSilo(process, words[1], words[Array.IndexOf(words, "gateway") + 1].TrimEnd(','));
    }

    private Task<CliRun> Client(LocalRedis redis, string[] tls, params string[] args) =>
        CommandProcess.Run(_experiment.Folder, [.. args, "--store", "store", "--redis", redis.Options, .. tls]);

    private static string[] Named(TestCertificates certificates, TestCertificates? authority = null) =>
        ["--tls-cert", certificates.Certificate, "--tls-key", certificates.Key, "--tls-ca", (authority ?? certificates).AuthorityFile];

    private static async Task<NetworkStream> Connect(string address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPEndPoint.Parse(address), Token);
        return new NetworkStream(socket, ownsSocket: true);
    }

    private static async Task<string> Shown(string address)
    {
        var serialNumber = "";
        await using var stream = new SslStream(await Connect(address), false, (_, certificate, _, _) =>
        {
            serialNumber = certificate!.GetSerialNumberString();
            return serialNumber.Length > 0; // looked at, not trusted
        });
        try
        {
            await stream.AuthenticateAsClientAsync("127.0.0.1");
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            // it asks for a certificate of ours
        }

        return serialNumber;
    }

    private sealed record JoinedSilo(CommandProcess Process, string Address, string Gateway) : IDisposable
    {
        public void Dispose() => Process.Dispose();
    }
}
