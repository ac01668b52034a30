using System.Globalization;
using GmailCluster.Data.Captions.Tables;
using GmailCluster.Errors;

namespace GmailCluster.Data.Captions;

/// <summary>
/// Conceptual Captions: captions and URLs (see <see cref="ConceptualTable"/>). The pictures are those that img2dataset downloads in
/// its <c>files</c> format, named by row: <c>00000/000000042.jpg</c>. Without a folder of pictures in the spec, the captions can be
/// read but no picture.
/// </summary>
internal static class Cc3mImport
{
    private const string IdColumn = "row";
    private const int RowsPerFolder = 10_000; // img2dataset's number_sample_per_shard

    public static async Task Read(DatasetBuilder builder, CancellationToken cancellationToken)
    {
        var table = ConceptualTable.Open(builder.Path, IdColumn, builder.Spec.CaptionField, cancellationToken);
        await foreach (var row in table.Rows.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            builder.Record(row.Name, () => Add(builder, row));
        }
    }

    private static void Add(DatasetBuilder builder, TableRow row)
    {
        if (row.Problem is { } problem)
        {
            throw new BadRecordException(null, problem);
        }

        var (name, url) = (row.Text(IdColumn)!, row.Text(ConceptualTable.UrlColumn)!);
        var inFolder = $"{int.Parse(name, CultureInfo.InvariantCulture) / RowsPerFolder:d5}/{name}";
        var image = builder.Spec.Images is null
            ? NotHere(url)
            : builder.Find(inFolder, name)
                ?? throw new BadRecordException(ConceptualTable.UrlColumn, $"was not downloaded: there is no picture '{inFolder}' or '{name}'.");
        builder.Add(
            name, IdColumn, row.Texts(builder.Spec.CaptionField), null, null, row.Others(IdColumn, builder.Spec.CaptionField), image);
    }

    // Without pictures the captions alone are of use; whoever asks for a picture is told how to get it.
    private static ImageSource NotHere(string url) => new(url, "jpg", _ => throw new InputException(
        url, "is a picture that is not on this machine.",
        "Download the pictures with img2dataset, then give its tars as path, or its folder of files as images."));
}
