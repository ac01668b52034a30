using System.Globalization;
using System.Text;
using GmailCluster.Results;
using GmailCluster.Specs;

namespace GmailCluster.Reporting.Export;

/// <summary>Figures as CSV (RFC 4180, UTF-8), a line a figure, for spreadsheets and data frames.</summary>
public static class CsvExport
{
    /// <summary>The columns, in order.</summary>
    public const string Header = "arm,seed,task,dataset,metric,value,artifact_key,data_fraction,images_per_caption,preset";

    /// <summary>Writes the header and every figure. Lines end in CR LF, as the format says.</summary>
    public static void Write(ExperimentResults results, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(results);
        using var writer = new StreamWriter(stream, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\r\n" };
        writer.WriteLine(Header);
        foreach (var value in results.Metrics)
        {
            writer.WriteLine(string.Join(',', new[]
            {
                SpecWords.Of(value.Arm),
                value.Seed.ToString(CultureInfo.InvariantCulture),
                Quote(value.Task),
                Quote(value.Dataset ?? ""),
                Quote(value.Metric),
                value.Value.ToString("R", CultureInfo.InvariantCulture),
                Quote(value.ArtifactKey),
                value.Sweep?.DataFraction.ToString("R", CultureInfo.InvariantCulture) ?? "",
                value.Sweep?.ImagesPerCaption.ToString(CultureInfo.InvariantCulture) ?? "",
                value.Preset is { } preset ? SpecWords.Of(preset) : "",
            }));
        }
    }

    private static string Quote(string text) =>
        text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
