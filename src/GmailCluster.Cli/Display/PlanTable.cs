using Spectre.Console;

namespace GmailCluster.Cli.Display;

/// <summary>A stage of a plan, as a row.</summary>
/// <param name="Stage">Its kind: "generate", "align", "caption".</param>
/// <param name="For">Arm, seed and sweep point it is for; empty when all share it.</param>
/// <param name="Size">How much it is: "500 images in 8 shards", "250 steps of 64".</param>
/// <param name="Needs">The stages whose results it uses.</param>
/// <param name="Key">The artifact's key.</param>
/// <param name="State">What a run would do with it.</param>
internal sealed record PlanRow(string Stage, string For, string Size, string Needs, string Key, PlanState State);

/// <summary>What a run would do with a stage.</summary>
internal enum PlanState
{
    /// <summary>It would run.</summary>
    Runs,

    /// <summary>It began before and would go on.</summary>
    GoesOn,

    /// <summary>Its result is there already.</summary>
    Cached,
}

/// <summary>The stage graph of a spec as a table, with a line that sums it up.</summary>
internal static class PlanTable
{
    private const int ShownKeyLength = 12;

    /// <summary>Writes the table.</summary>
    public static void Write(IAnsiConsole console, IReadOnlyList<PlanRow> rows)
    {
        var table = new Table().Border(console.Profile.Capabilities.Ansi ? TableBorder.Rounded : TableBorder.None);
        foreach (var head in new[] { "stage", "for", "size", "needs", "key", "state" })
        {
            table.AddColumn(new TableColumn(head).Padding(0, 0, 2, 0));
        }

        foreach (var row in rows)
        {
            table.AddRow(
                Markup.Escape(row.Stage), Markup.Escape(row.For), Markup.Escape(row.Size), Markup.Escape(row.Needs),
                Markup.Escape(row.Key.Length > ShownKeyLength ? row.Key[..ShownKeyLength] : row.Key), Word(row.State));
        }

        console.Write(table);
        console.WriteLine(Summary(rows));
    }

    /// <summary>"9 stages: 3 cached, 1 goes on, 5 would run."</summary>
    public static string Summary(IReadOnlyList<PlanRow> rows)
    {
        int Count(PlanState state) => rows.Count(row => row.State == state);
        var goesOn = Count(PlanState.GoesOn) is > 0 and var count ? $"{count} would go on, " : "";
        return $"{rows.Count} stages: {Count(PlanState.Cached)} cached, {goesOn}{Count(PlanState.Runs)} would run.";
    }

    private static string Word(PlanState state) => state switch
    {
        PlanState.Cached => "[green]cached[/]",
        PlanState.GoesOn => "[yellow]goes on[/]",
        _ => "runs",
    };
}
