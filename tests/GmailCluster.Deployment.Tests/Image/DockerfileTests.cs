using GmailCluster.Deployment.Tests.Chart;

namespace GmailCluster.Deployment.Tests.Image;

/// <summary>The Dockerfile and the chart agree.</summary>
public sealed class DockerfileTests
{
    private static readonly Dockerfile Ours = Dockerfile.Read(RepositoryRoot.At("Dockerfile"));

    [Fact]
    public void The_last_stage_is_the_cpu_target_so_that_a_build_without_target_gives_it() => Assert.Equal("cpu", Ours.Stages.Last());

    [Theory]
    [InlineData("cpu")]
    [InlineData("cuda")]
    public void A_target_publishes_for_its_device_and_differs_in_nothing_else(string target)
    {
        Assert.EndsWith($"dotnet publish src/GmailCluster.Cli -c Release -p:Device={target} -o /app", Ours.Last($"publish-{target}", "RUN"), StringComparison.Ordinal);
        Assert.Contains(Ours.Instructions(target), instruction => instruction == new Instruction("COPY", $"--from=publish-{target} /app /app"));
        Assert.Equal("10001:10001", Ours.Last(target, "USER"));
        Assert.Equal("[\"/app/gmailcluster\"]", Ours.Last(target, "ENTRYPOINT"));
    }

    [Fact]
    public async Task User_volumes_and_ports_are_those_of_the_chart()
    {
        var silo = (await HelmChart.With("")).Silos("cpu");

        Assert.Equal(Ours.Last("cpu", "USER"), $"{silo.SecurityContext.RunAsUser}:{silo.SecurityContext.RunAsGroup}");
        var writable = silo.Containers[0].VolumeMounts.Where(mount => mount.ReadOnlyProperty is not true).Select(mount => mount.MountPath).Order();
        Assert.Equal(Dockerfile.Words(Ours.Last("cpu", "VOLUME")).Order(), writable);
        Assert.Contains(Ours.Environment("cpu")["TMPDIR"], writable);
        var exposed = Ours.Last("cpu", "EXPOSE").Split(' ').Order();
        Assert.Equal(exposed, silo.Containers[0].Ports.Select(port => $"{port.ContainerPort}").Append("8080").Order());
    }
}
