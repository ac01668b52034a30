using GmailCluster.Cli.Display;

namespace GmailCluster.Cli.Inspect;

/// <summary>An inspection as text: title, facts, then the table.</summary>
internal static class InspectionText
{
    /// <summary>Rows of a table shown without --all.</summary>
    public const int ShownRowCount = 20;

    /// <summary>Writes it to the context's output.</summary>
    public static void Write(CliContext context, string path, Inspection inspection, bool isWhole)
    {
        context.Out.WriteLine($"{path}: {inspection.Title}");
        Facts(context.Out, inspection, indent: "  ");
        if (inspection.Rows.Count == 0)
        {
            return;
        }

        context.Out.WriteLine();
        var rows = isWhole ? inspection.Rows : [.. inspection.Rows.Take(ShownRowCount)];
        PlainTable.Write(context.Out, inspection.Columns, rows);
        if (rows.Count < inspection.Rows.Count)
        {
            context.Out.WriteLine($"... and {Figures.Count(inspection.Rows.Count - rows.Count)} more; --all shows them.");
        }
    }

    private static void Facts(TextWriter writer, Inspection inspection, string indent)
    {
        foreach (var (name, value) in inspection.Facts)
        {
            writer.WriteLine($"{indent}{name}: {value}");
        }

        foreach (var (name, part) in inspection.Parts)
        {
            writer.WriteLine($"{indent}{name}: {part.Title}");
            Facts(writer, part, $"{indent}  ");
        }
    }
}
