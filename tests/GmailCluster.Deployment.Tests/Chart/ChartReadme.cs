using System.Globalization;
using System.Text;

namespace GmailCluster.Deployment.Tests.Chart;

/// <summary>The chart's README with the tables of its values, made from the comments in values.yaml.</summary>
internal static class ChartReadme
{
    public const string Start = "<!-- Made from values.yaml. -->";

    public static string Path { get; } = System.IO.Path.Combine(HelmChart.Folder, "README.md");

    /// <summary>The page with fresh tables after the mark.</summary>
    public static string Made()
    {
        var page = File.ReadAllText(Path);
        var text = new StringBuilder(page[..(page.IndexOf(Start, StringComparison.Ordinal) + Start.Length)]).Append('\n');
        foreach (var part in ChartValue.All.GroupBy(Heading))
        {
            var rows = part.Where(value => value.Default is not null).ToList();
            text.Append(CultureInfo.InvariantCulture, $"\n### {part.Key}\n\n");
            if (part.First() is { Default: null, Description: { } description })
            {
                text.Append(CultureInfo.InvariantCulture, $"{description}.\n\n");
            }

            text.Append("| key | default | what |\n| --- | --- | --- |\n");
            foreach (var row in rows)
            {
                text.Append(CultureInfo.InvariantCulture, $"| `{row.Path}` | `{row.Default}` | {row.Description?.Replace("|", "\\|", StringComparison.Ordinal)} |\n");
            }
        }

        return text.ToString();
    }

    private static string Heading(ChartValue value) =>
        value.Default is not null && !value.Path.Contains('.', StringComparison.Ordinal) ? "Names" : value.Path.Split('.')[0];
}
