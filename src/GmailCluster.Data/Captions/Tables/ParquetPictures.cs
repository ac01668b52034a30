namespace GmailCluster.Data.Captions.Tables;

/// <summary>Pictures inside a Parquet file; keeps the row group that was read last, since pictures are mostly read in order.</summary>
internal sealed class ParquetPictures(string path)
{
    private readonly Lock _gate = new();
    private int _group = -1;
    private Task<IList<Dictionary<string, object>>>? _rows;

    public ImageSource At(int group, int index, string column, string row, string extension) =>
        new($"{path}, {row}, {column}", extension, token => Read(group, index, column, token));

    private async Task<byte[]> Read(int group, int index, string column, CancellationToken cancellationToken)
    {
        Task<IList<Dictionary<string, object>>> reading;
        lock (_gate)
        {
            if (_rows is null || _group != group || _rows.IsFaulted)
            {
                // Shared by all who wait for the group, so no single one of them may cancel it.
                (_group, _rows) = (group, ParquetTable.ReadGroup(path, group, CancellationToken.None));
            }

            reading = _rows;
        }

        var rows = await reading.WaitAsync(cancellationToken).ConfigureAwait(false);
        return ParquetTable.Embedded(rows[index][column])!;
    }
}
