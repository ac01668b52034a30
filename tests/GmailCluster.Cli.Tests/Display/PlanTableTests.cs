using GmailCluster.Cli.Display;

namespace GmailCluster.Cli.Tests.Display;

public sealed class PlanTableTests
{
    [Fact]
    public void A_plan_is_a_table_and_a_sum()
    {
        using var output = new StringWriter { NewLine = "\n" };

        PlanTable.Write(
            CliContext.ForWriter(output),
            [
                new PlanRow("generate", "", "500 images in 8 shards", "", "0123456789abcdef0123456789abcdef", PlanState.Cached),
                new PlanRow("align", "seed 0", "40 steps of 64", "generate", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", PlanState.GoesOn),
                new PlanRow("caption", "gmail, seed 0 [x]", "100 steps of 32", "generate, align", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", PlanState.Runs),
            ]);

        Assert.Equal(
            """
            stage     for                size                    needs            key           state
            generate                     500 images in 8 shards                   0123456789ab  cached
            align     seed 0             40 steps of 64          generate         aaaaaaaaaaaa  goes on
            caption   gmail, seed 0 [x]  100 steps of 32         generate, align  bbbbbbbbbbbb  runs
            3 stages: 1 cached, 1 would go on, 1 would run.
            """,
            string.Join('\n', output.ToString().Trim().Split('\n').Select(line => line.TrimEnd())));
    }
}
