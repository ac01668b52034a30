using System.Security.Cryptography;
using System.Text;
using GmailCluster.Data.Captions.Tables;
using GmailCluster.Errors;
using GmailCluster.Specs;

namespace GmailCluster.Data.Captions;

/// <summary>Reads lists of captions to generate images for: JSONL, CSV, TSV, Parquet, or Conceptual Captions' TSV.</summary>
public static class PromptReader
{
    /// <summary>Reads the captions that the spec asks for, in the order of the file. Refuses the list if any record is bad.</summary>
    /// <param name="spec">Where it is, which columns count, and which rows.</param>
    /// <param name="baseFolder">Folder that the spec's path is relative to.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="InputException">The list or a record of it cannot be used; the message says where and why.</exception>
    public static Task<PromptList> Read(PromptsSpec spec, string baseFolder, CancellationToken cancellationToken = default) =>
        Read(spec, baseFolder, BadRecords.Refuse, cancellationToken);

    /// <summary>Reads the captions that the spec asks for, in the order of the file.</summary>
    /// <param name="spec">Where it is, which columns count, and which rows.</param>
    /// <param name="baseFolder">Folder that the spec's path is relative to.</param>
    /// <param name="badRecords">What to do with records that cannot be used.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="InputException">The list cannot be used; the message says where and why.</exception>
    public static async Task<PromptList> Read(
        PromptsSpec spec, string baseFolder, BadRecords badRecords, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(baseFolder);
        var path = Path.GetFullPath(Path.Combine(baseFolder, spec.Path));
        if (!File.Exists(path))
        {
            throw new InputException(path, "does not exist.", $"The spec names it as '{spec.Path}': correct the path, or put the list there.");
        }

        try
        {
            var format = DatasetFormats.TableFormat(Path.GetExtension(path).ToLowerInvariant()) switch
            {
                null => throw new InputException(
                    path, $"is of no known layout (extension '{Path.GetExtension(path)}').", "Give a .jsonl, .csv, .tsv or .parquet file."),
                DatasetFormat.Tsv => DatasetFormats.RecogniseTsv(path, spec.CaptionField),
                var known => known.Value,
            };
            var import = new ImportBuilder(path, format, spec.Splits);
            var prompts = await Read(spec, path, format, import, cancellationToken).ConfigureAwait(false);
            var chosen = Limit(prompts, spec.Limit);
            for (var i = chosen.Count; i < prompts.Count; i++)
            {
                import.LeaveOut("over the limit");
            }

            return new PromptList(chosen, import.Finish(chosen.Count, chosen.Count, badRecords));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(path, $"cannot be read ({e.Message.TrimEnd('.')}).", "Check that the file is there and readable.", e);
        }
    }

    private static async Task<List<Prompt>> Read(
        PromptsSpec spec, string path, DatasetFormat format, ImportBuilder import, CancellationToken cancellationToken)
    {
        var table = format == DatasetFormat.Cc3m
            ? ConceptualTable.Open(path, spec.IdField, spec.CaptionField, cancellationToken)
            : await TableFile.Open(path, format, cancellationToken).ConfigureAwait(false);
        table.Expect(spec.IdField, "id_field");
        table.Expect(spec.CaptionField, "caption_field");
        if (spec.Splits is not null)
        {
            table.Expect(spec.SplitField, "split_field");
        }

        var prompts = new List<Prompt>();
        await foreach (var row in table.Rows.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            import.Record(row.Name, () =>
            {
                if (row.Problem is { } problem)
                {
                    throw new BadRecordException(null, problem);
                }

                var split = row.Text(spec.SplitField);
                if (!import.Wants(split, spec.SplitField))
                {
                    return;
                }

                var accepted = import.Accept(
                    row.Text(spec.IdField), spec.IdField, [row.Text(spec.CaptionField)], spec.CaptionField, row.Text(spec.LongCaptionField));
                prompts.Add(new Prompt(accepted.Id, accepted.Captions[0], accepted.LongCaption)
                {
                    Split = split,
                    Fields = row.Others(spec.IdField, spec.CaptionField, spec.LongCaptionField, spec.SplitField),
                });
            });
        }

        return prompts;
    }

    // By a hash of the ids: the choice does not depend on the order of the file, and a smaller limit chooses a part of a larger one.
    private static List<Prompt> Limit(List<Prompt> prompts, int? limit)
    {
        if (limit is not { } most || most >= prompts.Count)
        {
            return prompts;
        }

        var chosen = prompts
            .OrderBy(prompt => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(prompt.Id))), StringComparer.Ordinal)
            .Take(most)
            .Select(prompt => prompt.Id)
            .ToHashSet(StringComparer.Ordinal);
        return [.. prompts.Where(prompt => chosen.Contains(prompt.Id))];
    }
}
