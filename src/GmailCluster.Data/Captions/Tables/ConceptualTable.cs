using System.Runtime.CompilerServices;

namespace GmailCluster.Data.Captions.Tables;

/// <summary>
/// Conceptual Captions (<c>Train_GCC-training.tsv</c>): caption, tab, URL, no header, no quoting. A row's id is the name that
/// img2dataset gives its picture: the row's number from 0, nine digits.
/// </summary>
internal static class ConceptualTable
{
    public const string UrlColumn = "url";

    public static TableFile Open(string path, string idColumn, string captionColumn, CancellationToken cancellationToken) =>
        new(path, [idColumn, captionColumn, UrlColumn], Rows(path, idColumn, captionColumn, cancellationToken));

    private static async IAsyncEnumerable<TableRow> Rows(
        string path, string idColumn, string captionColumn, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var reader = TextFiles.Open(path);
        for (var row = 0; await LineReader.Next(reader, path, row + 1, cancellationToken).ConfigureAwait(false) is { } line; row++)
        {
            var name = $"line {row + 1}";
            yield return line.Split('\t') switch
            {
                [_, var url] when !Uri.TryCreate(url, UriKind.Absolute, out _) => TableRow.Bad(name, $"has '{url}' where a URL was expected."),
                [var caption, var url] => new TableRow(name, new Dictionary<string, object>(StringComparer.Ordinal)
                {
                    [idColumn] = $"{row:d9}", [captionColumn] = caption, [UrlColumn] = url,
                }),
                var columns => TableRow.Bad(name, $"has {columns.Length} columns where caption and URL were expected."),
            };
        }
    }
}
