using GmailCluster.Errors;
using GmailCluster.Specs;

namespace GmailCluster.Data.Captions.Tables;

/// <summary>A table of records: CSV, TSV, JSONL or Parquet.</summary>
/// <param name="Path">The file.</param>
/// <param name="Columns">Its columns; null for JSONL, where every line has its own.</param>
/// <param name="Rows">Its rows, once.</param>
internal sealed record TableFile(string Path, IReadOnlyList<string>? Columns, IAsyncEnumerable<TableRow> Rows)
{
    public static Task<TableFile> Open(string path, DatasetFormat format, CancellationToken cancellationToken) => format switch
    {
        DatasetFormat.Csv => DelimitedTable.Open(path, ',', cancellationToken),
        DatasetFormat.Tsv => DelimitedTable.Open(path, '\t', cancellationToken),
        DatasetFormat.Jsonl => Task.FromResult(JsonLinesTable.Open(path, cancellationToken)),
        DatasetFormat.Parquet => ParquetTable.Open(path, cancellationToken),
        _ => throw new InputException(path, $"is in the {DatasetFormats.Name(format)} layout, which is no table.", "Give CSV, TSV, JSONL or Parquet."),
    };

    /// <summary>Refuses a table that cannot have this column, naming those it has.</summary>
    /// <param name="column">The column.</param>
    /// <param name="setting">The spec's setting that names it.</param>
    public void Expect(string column, string setting)
    {
        if (Columns is not null && !Columns.Contains(column))
        {
            throw new InputException(
                Path, $"has no column '{column}'. Its columns are: {string.Join(", ", Columns)}.", $"Name the right one as {setting} in the spec.");
        }
    }
}
