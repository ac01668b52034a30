using System.CommandLine;
using GmailCluster.Cli.Display;
using GmailCluster.Errors;
using GmailCluster.Reporting.Export;
using GmailCluster.Reporting.Tables;

namespace GmailCluster.Cli.Verbs;

/// <summary><c>gmailcluster results ID</c>: the arms of a finished experiment, and its report. The store is enough.</summary>
internal static class ResultsVerb
{
    public static Command Create(CliContext context)
    {
        var id = ExperimentArgument.Create();
        var html = new Option<string?>("--html") { Description = "Copy the report, with pictures, to this file.", HelpName = "FILE" };
        var json = JsonOption.Create();
        var cluster = new ClusterOptions();
        var command = cluster.AddTo(new Command("results", "Show the arms of a finished experiment, or fetch its report.") { id, html, json });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var session = cluster.OpenShelf(parsed, context);
            var shelf = session.Shelf;
            var found = await shelf.Find(parsed.GetRequiredValue(id), cancellationToken);
            var results = await shelf.Results(found, cancellationToken);
            if (parsed.GetValue(json))
            {
                using var text = new MemoryStream();
                ResultsFile.Write(results, text);
                await context.Out.WriteAsync(System.Text.Encoding.UTF8.GetString(text.ToArray()));
            }
            else
            {
                await context.Out.WriteLineAsync(ArmsTable.Render(results));
                await context.Out.WriteLineAsync($"Report: {shelf.LocationOfReport(found)}");
            }

            if (parsed.GetValue(html) is { } file)
            {
                await using var report = await shelf.OpenReport(found, cancellationToken);
                await Copy(report, file, cancellationToken);
                await context.Error.WriteLineAsync($"wrote {file}");
            }

            return 0;
        });
        return command;
    }

    private static async Task Copy(Stream report, string path, CancellationToken cancellationToken)
    {
        try
        {
            await using var file = File.Create(path);
            await report.CopyToAsync(file, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new GmailClusterException(path, $"cannot be written: {e.Message}", "Check the folder, your rights to it and the room on the disk.", e);
        }
    }
}
