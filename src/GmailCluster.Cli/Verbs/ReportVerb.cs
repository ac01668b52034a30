using System.CommandLine;
using GmailCluster.Cli.Display;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Reporting.Export;
using GmailCluster.Reporting.Report;
using GmailCluster.Reporting.Tables;
using GmailCluster.Results;
using GmailCluster.Storage;

namespace GmailCluster.Cli.Verbs;

/// <summary><c>gmailcluster report RESULTS</c>: shows a finished experiment's arms again, and writes its figures in other forms.</summary>
internal static class ReportVerb
{
    /// <summary>The file that a run writes beside its report.</summary>
    private const string ResultsName = "results.json";

    public static Command Create(CliContext context)
    {
        var results = new Argument<string>("RESULTS") { Description = "A results.json, or the folder that holds it; or the URL of either in a store." };
        var html = new Option<string?>("--html") { Description = "Write the report anew, without pictures: results.json holds none.", HelpName = "FILE" };
        var csv = new Option<string?>("--csv") { Description = "Write every figure as a table.", HelpName = "FILE" };
        var tensorBoard = new Option<string?>("--tensorboard") { Description = "Write curves and figures as TensorBoard runs.", HelpName = "FOLDER" };
        var command = new Command("report", "Show the arms of a finished experiment; write its figures as HTML, CSV or TensorBoard events.")
        {
            results, html, csv, tensorBoard,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var at = parsed.GetRequiredValue(results);
            var found = ObjectStores.IsUrl(at) ? await ReadUrl(at, cancellationToken) : Read(at);
            context.Out.Write(ArmsTable.Render(found));
            WriteFile(parsed.GetValue(html), stream => ReportWriter.Write(found, stream), context);
            WriteFile(parsed.GetValue(csv), stream => CsvExport.Write(found, stream), context);
            if (parsed.GetValue(tensorBoard) is { } folder)
            {
                Guarded(folder, () => TensorBoardExport.Write(found, folder, context.Time.GetUtcNow()));
                context.Out.WriteLine($"wrote {folder}");
            }

            return 0;
        });
        return command;
    }

    private static ExperimentResults Read(string path)
    {
        var file = Directory.Exists(path) ? Path.Combine(path, ResultsName) : path;
        if (!File.Exists(file))
        {
            throw new InputException(file, "is not there.", "Name the results.json of a finished run, or the folder it lies in.");
        }

        using var stream = File.OpenRead(file);
        return ResultsFile.Read(stream, file);
    }

    // A folder of a store is itself a store.
    private static async Task<ExperimentResults> ReadUrl(string url, CancellationToken cancellationToken)
    {
        var folder = url.TrimEnd('/');
        var store = ObjectStores.Open(folder.EndsWith($"/{ResultsName}", StringComparison.Ordinal) ? folder[..^(ResultsName.Length + 1)] : folder);
        try
        {
            using var stream = new MemoryStream(await store.ReadAllBytes(ResultsName, cancellationToken), writable: false);
            return ResultsFile.Read(stream, store.LocationOf(ResultsName));
        }
        catch (ObjectNotFoundException e)
        {
            throw new InputException(store.LocationOf(ResultsName), "is not there.", "Name the results.json of a finished run, or the folder it lies in: STORE/experiments/ID.", e);
        }
    }

    private static void WriteFile(string? path, Action<Stream> write, CliContext context)
    {
        if (path is null)
        {
            return;
        }

        Guarded(path, () =>
        {
            var full = Path.GetFullPath(path);
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            var partial = $"{full}.partial"; // a reader sees the old file or the whole new one
            using (var stream = File.Create(partial))
            {
                write(stream);
            }

            File.Move(partial, full, overwrite: true);
        });
        context.Out.WriteLine($"wrote {path}");
    }

    private static void Guarded(string path, Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new GmailClusterException(path, $"cannot be written: {e.Message}", "Check the folder, your rights to it and the room on the disk.", e);
        }
    }
}
