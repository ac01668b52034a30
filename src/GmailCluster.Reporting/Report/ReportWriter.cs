using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using GmailCluster.Reporting.Tables;
using GmailCluster.Results;

namespace GmailCluster.Reporting.Report;

/// <summary>
/// The report: one HTML file that needs nothing else. Pictures and plots are inside, no script is needed to read it, and a
/// content security policy forbids everything but its own script, so that captions from anywhere cannot do harm.
/// </summary>
public static class ReportWriter
{
    /// <summary>Writes UTF-8 HTML. The same results give the same bytes.</summary>
    public static void Write(ExperimentResults results, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(results);
        ArgumentNullException.ThrowIfNull(stream);
        stream.Write(Encoding.UTF8.GetBytes(Render(results).ToString()));
    }

    private static Html Render(ExperimentResults results)
    {
        var grid = new ResultsGrid(results);
        var script = Resource("report.js");
        var hash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(script)));
        (string Id, string Title, Html? Content)[] sections =
        [
            ("arms", "Arms", ArmsSection.Render(results, grid)),
            ("gap", "Modality gap", GapSection.Render(results)),
            ("map", "Embedding map", MapSection.Render(results)),
            ("scaling", "Scaling", ScalingSection.Render(results, grid)),
            ("pictures", "Pictures", PicturesSection.Render(results)),
            ("training", "Training", TrainingSection.Render(results)),
            ("time", "Time", TimeSection.Render(results)),
            ("reproduce", "Reproduce", ReproduceSection.Render(results)),
        ];
        var shown = sections.Where(section => section.Content is not null).ToArray();
        return Html.Of($"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="generator" content="GmailCluster">
            <meta name="referrer" content="no-referrer">
            <title>{results.Name}: GmailCluster report</title>
            <style>{Html.Trusted(Resource("report.css"))}</style>
            </head>
            <body>
            {Overview.Render(results, grid)}
            <nav aria-label="Sections"><ul>{Html.Join(shown.Select(section => Html.Of($"<li><a href=\"#{section.Id}\">{section.Title}</a></li>")))}</ul></nav>
            <main>
            {Html.Join(shown.Select(section => Html.Of($"<section id=\"{section.Id}\" aria-labelledby=\"h-{section.Id}\"><h2 id=\"h-{section.Id}\">{section.Title}</h2>\n{section.Content}</section>\n")))}
            {Footer(results)}
            </main>
            <script>{Html.Trusted(script)}</script>
            </body>
            </html>

            """);
    }

    private static Html Footer(ExperimentResults results)
    {
        var version = typeof(ReportWriter).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "";
        return Html.Of($"<footer>Made by GmailCluster {version}, an implementation of GMAIL (Mo &amp; Yun, ICML 2025). {results.Seeds.Count.ToString(CultureInfo.InvariantCulture)} {(results.Seeds.Count == 1 ? "seed" : "seeds")}; all figures are measured on held-out real pictures through plain CLIP.</footer>");
    }

    private static string Resource(string name)
    {
        using var stream = typeof(ReportWriter).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
