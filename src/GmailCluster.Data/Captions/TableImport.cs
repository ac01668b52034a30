using GmailCluster.Data.Captions.Tables;
using GmailCluster.Specs;

namespace GmailCluster.Data.Captions;

/// <summary>
/// CSV, TSV, JSONL and Parquet with named columns: a caption (a text, or a list of texts), a picture (a file name; in Parquet also the
/// picture itself), and where they exist <c>id</c>, <c>split</c> and a long caption. Without an id the picture's name is it. Rows
/// with the same id and picture are one sample with several captions, as Flickr30k's table has them.
/// </summary>
internal static class TableImport
{
    private const string IdColumn = "id";
    private const string SplitColumn = "split";

    public static async Task Read(DatasetBuilder builder, DatasetFormat format, CancellationToken cancellationToken)
    {
        var spec = builder.Spec;
        var table = await TableFile.Open(builder.Path, format, cancellationToken).ConfigureAwait(false);
        table.Expect(spec.CaptionField, "caption_field");
        table.Expect(spec.ImageField, "image_field");
        if (spec.Split is not null)
        {
            table.Expect(SplitColumn, "split");
        }

        var drafts = new Dictionary<string, Draft>(StringComparer.Ordinal);
        var order = new List<Draft>();
        await foreach (var row in table.Rows.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            builder.Record(row.Name, () =>
            {
                if (Read(builder, row) is not { } draft)
                {
                    return;
                }

                if (drafts.TryAdd(draft.Id, draft))
                {
                    order.Add(draft);
                    return;
                }

                var first = drafts[draft.Id];
                if (first.ImageName != draft.ImageName || draft.ImageName is null)
                {
                    throw new BadRecordException(IdColumn, $"'{draft.Id}' was used before, with another picture.");
                }

                first.Captions.AddRange(draft.Captions);
            });
        }

        foreach (var draft in order)
        {
            builder.Add(draft.Id, IdColumn, draft.Captions, draft.LongCaption, draft.Split, draft.Fields, draft.Image);
        }
    }

    private static Draft? Read(DatasetBuilder builder, TableRow row)
    {
        var spec = builder.Spec;
        if (row.Problem is { } problem)
        {
            throw new BadRecordException(null, problem);
        }

        var split = row.Text(SplitColumn);
        if (!builder.Wants(split, SplitColumn))
        {
            return null;
        }

        var captions = row.Texts(spec.CaptionField);
        if (captions.Count == 0 || captions.Any(string.IsNullOrWhiteSpace))
        {
            throw new BadRecordException(spec.CaptionField, "is empty.");
        }

        var (name, image) = row.Cells.GetValueOrDefault(spec.ImageField) is ImageSource embedded
            ? (null, embedded)
            : (row.Text(spec.ImageField), builder.File(row.Text(spec.ImageField), spec.ImageField));
        var id = row.Text(IdColumn) ?? name ?? row.Name;
        if (string.IsNullOrWhiteSpace(id) || id.Any(char.IsControl))
        {
            throw new BadRecordException(IdColumn, "is empty or has a control character.");
        }

        return new Draft(
            id, name, [.. captions], row.Text(spec.LongCaptionField), split,
            row.Others(IdColumn, SplitColumn, spec.CaptionField, spec.LongCaptionField, spec.ImageField), image);
    }

    private sealed record Draft(
        string Id, string? ImageName, List<string> Captions, string? LongCaption, string? Split,
        IReadOnlyDictionary<string, string> Fields, ImageSource Image);
}
