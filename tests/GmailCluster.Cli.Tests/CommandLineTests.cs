using GmailCluster.Cli.Display;

namespace GmailCluster.Cli.Tests;

public sealed class CommandLineTests
{
    [Fact]
    public async Task Without_a_verb_the_help_is_shown_and_usage_was_wrong()
    {
        var run = await CliRun.Of();

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("validate <SPEC>", run.Error, StringComparison.Ordinal);
        Assert.Equal("", run.Out);
    }

    [Fact]
    public async Task Help_is_no_error()
    {
        var run = await CliRun.Of("validate", "--help");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("validate <SPEC> [options]", run.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("validat", "'validat' is no verb of gmailcluster. Did you mean validate?\n'gmailcluster --help' shows how it is used.\n")]
    [InlineData("validate", "validate needs SPEC: The experiment's YAML file, such as samples/emoji/quick.yaml.\n'gmailcluster validate --help' shows how it is used.\n")]
    [InlineData("schema --zzzzzz", "'--zzzzzz' is no option of schema.\n'gmailcluster schema --help' shows how it is used.\n")]
    [InlineData("run a.yaml --stor x", "'--stor' is no option of run. Did you mean --store?\n'gmailcluster run --help' shows how it is used.\n")]
    [InlineData("run a.yaml b.yaml", "'b.yaml' is one argument too many for run.\n'gmailcluster run --help' shows how it is used.\n")]
    [InlineData("run a.yaml --slots 0", "--slots is 0, outside 1..1024. Set a number such as CORES.\n'gmailcluster run --help' shows how it is used.\n")]
    public async Task Wrong_usage_is_told_and_exits_with_2(string line, string error)
    {
        var run = await CliRun.Of(line.Split(' '));

        Assert.Equal(new CliRun(2, "", error.Replace("CORES", $"{Environment.ProcessorCount}", StringComparison.Ordinal)), run);
    }

    [Fact]
    public async Task A_missing_file_is_one_line_without_a_stack_trace()
    {
        var run = await CliRun.Of("validate", "nowhere.yaml");

        Assert.Equal(new CliRun(2, "", "nowhere.yaml: is not there. Name an existing spec, such as samples/emoji/quick.yaml.\n"), run);
    }

    [Fact]
    public async Task The_stack_trace_is_shown_for_debugging()
    {
        await using var error = new StringWriter();
        var context = new CliContext(TextWriter.Null, error, CliContext.ForWriter(TextWriter.Null), TimeProvider.System, IsDebug: true);

        await CommandLine.Run(["validate", "nowhere.yaml"], context, TestContext.Current.CancellationToken);

        Assert.Contains("at GmailCluster.Specs.SpecReader", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stopping_is_no_failure_and_exits_as_after_ctrl_c()
    {
        await using var error = new StringWriter { NewLine = "\n" };
        var context = new CliContext(TextWriter.Null, error, CliContext.ForWriter(TextWriter.Null), TimeProvider.System, IsDebug: false);

        var exitCode = await CommandLine.Run(
            ["inspect", RepositoryRoot.At("samples", "emoji", "noto", "validation.tar")], context, new CancellationToken(canceled: true));

        Assert.Equal((130, "Stopped. The same command goes on from here.\n"), (exitCode, error.ToString()));
    }
}
