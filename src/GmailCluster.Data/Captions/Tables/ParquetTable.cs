using System.Collections;
using System.Globalization;
using System.Runtime.CompilerServices;
using GmailCluster.Errors;
using Parquet;
using Parquet.Serialization;

namespace GmailCluster.Data.Captions.Tables;

/// <summary>
/// Apache Parquet, one row group in memory at a time. A picture may be a file name, a column of bytes, or Hugging Face's struct of
/// <c>bytes</c> and <c>path</c>; embedded ones are read again when they are asked for.
/// </summary>
internal static class ParquetTable
{
    public static async Task<TableFile> Open(string path, CancellationToken cancellationToken)
    {
        var (columns, groups) = await Guarded(path, async () =>
        {
            var reader = await ParquetReader.CreateAsync(path, cancellationToken: cancellationToken).ConfigureAwait(false);
            await using var disposal = reader.ConfigureAwait(false);
            return (reader.Schema.Fields.Select(field => field.Name).ToList(), reader.RowGroupCount);
        }).ConfigureAwait(false);
        return new TableFile(path, columns, Rows(path, groups, cancellationToken));
    }

    /// <summary>One row group, each row its cells by column.</summary>
    internal static Task<IList<Dictionary<string, object>>> ReadGroup(string path, int group, CancellationToken cancellationToken) =>
        Guarded(path, async () =>
        {
            var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.Asynchronous);
            await using var disposal = file.ConfigureAwait(false);
            return (await ParquetSerializer.DeserializeUntypedAsync(file, null, group, cancellationToken).ConfigureAwait(false)).Data;
        });

    /// <summary>The bytes of an embedded picture; null when the cell holds none.</summary>
    internal static byte[]? Embedded(object? cell) => cell switch
    {
        byte[] bytes => bytes,
        ReadOnlyMemory<byte> memory => memory.ToArray(),
        IDictionary members when members.Contains("bytes") => Embedded(members["bytes"]),
        _ => null,
    };

    private static async IAsyncEnumerable<TableRow> Rows(string path, int groups, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var pictures = new ParquetPictures(path);
        var number = 0;
        for (var group = 0; group < groups; group++)
        {
            var rows = await ReadGroup(path, group, cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < rows.Count; i++)
            {
                yield return Row($"row {++number}", rows[i], pictures, group, i);
            }
        }
    }

    private static TableRow Row(string name, Dictionary<string, object> row, ParquetPictures pictures, int group, int index)
    {
        var cells = new Dictionary<string, object>(StringComparer.Ordinal);
        foreach (var (column, cell) in row)
        {
            if (Embedded(cell) is { } bytes)
            {
                if (ImageFiles.Sniff(bytes) is { } extension)
                {
                    cells[column] = pictures.At(group, index, column, name, extension);
                }
                else
                {
                    return TableRow.Bad(name, $"{column} holds bytes that are no PNG, JPEG, WebP, GIF or BMP picture.");
                }
            }
            else if (Value(cell) is { } value)
            {
                cells[column] = value;
            }
        }

        return new TableRow(name, cells);
    }

    private static object? Value(object? cell) => cell switch
    {
        null => null,
        string text => text,
        ReadOnlyMemory<char> text => text.ToString(),
        DateTime time => time.ToString("O", CultureInfo.InvariantCulture),
        bool flag => flag ? "true" : "false",
        IDictionary members => members.Contains("path") ? Value(members["path"]) : null,
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        IEnumerable items => items.Cast<object?>().Select(item => Value(item) as string ?? "").ToList(),
        _ => Convert.ToString(cell, CultureInfo.InvariantCulture),
    };

    private static async Task<T> Guarded<T>(string path, Func<Task<T>> read)
    {
        try
        {
            return await read().ConfigureAwait(false);
        }
        catch (Exception e) when (e is not (OperationCanceledException or FileNotFoundException or UnauthorizedAccessException))
        {
            // The library answers damage with whatever its decoder happens to trip over.
            throw new InputException(path, $"is not a readable Parquet file ({e.Message.TrimEnd('.')}).", "It may be cut short or damaged: fetch or export it again.", e);
        }
    }
}
