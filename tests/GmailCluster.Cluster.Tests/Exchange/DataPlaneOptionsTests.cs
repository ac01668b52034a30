using GmailCluster.Cluster.Exchange;
using GmailCluster.Errors;
using GmailCluster.Learning.Exchange;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace GmailCluster.Cluster.Tests.Exchange;

public sealed class DataPlaneOptionsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_host_with_the_settings_of_its_section_has_a_data_plane_that_listens()
    {
        using var host = Host(("ClusterId", "c"), ("Secret", "0123456789abcdef"), ("AdvertisedHost", "silo-7"), ("ListenAddress", "0.0.0.0"));

        await host.StartAsync(Token);

        Assert.StartsWith("silo-7:", host.Services.GetRequiredService<IDataPlane>().Address, StringComparison.Ordinal);
        await host.StopAsync(Token);
    }

    [Fact]
    public async Task All_problems_are_told_at_once_when_the_host_starts()
    {
        using var host = Host(
            ("ClusterId", "c"), ("Secret", "short"), ("ListenAddress", "0.0.0.0"), ("CertificateFile", "/nowhere/tls.crt"), ("HeartbeatTimeout", "00:00:01"));

        var problem = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Token));

        Assert.Contains("fewer than 16 characters", problem.Message, StringComparison.Ordinal);
        Assert.Contains("DataPlane:AdvertisedHost is missing", problem.Message, StringComparison.Ordinal);
        Assert.Contains("TLS needs DataPlane:CertificateFile, DataPlane:KeyFile and DataPlane:AuthorityFile", problem.Message, StringComparison.Ordinal);
        Assert.Contains("/nowhere/tls.crt is not there", problem.Message, StringComparison.Ordinal);
        Assert.Contains("less than three heartbeats", problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("short", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_told_with_the_setting()
    {
        await using var first = TcpWorld.Plane();
        var port = int.Parse(first.Address.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture);

        var problem = Assert.Throws<GmailClusterException>(() => TcpWorld.Plane(options => options.Port = port));

        Assert.Contains("DataPlane:Port", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Certificate_files_without_a_certificate_are_told_when_the_plane_is_made()
    {
        using var certificates = new TestCertificates();
        File.WriteAllText(certificates.Certificate, "not PEM");

        var problem = Assert.Throws<GmailClusterException>(() => TcpWorld.Plane(certificates.Configure));

        Assert.Contains(certificates.Certificate, problem.Message, StringComparison.Ordinal);
    }

    private static IHost Host(params (string Key, string Value)[] settings)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(settings.Select(s => KeyValuePair.Create($"{DataPlaneOptions.Section}:{s.Key}", (string?)s.Value)));
        builder.Services.AddDataPlane();
        return builder.Build();
    }
}
