using System.Runtime.InteropServices;
using System.Security.Cryptography;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Keys;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Data.Features;

/// <summary>
/// Feature tables in the store: <c>features/&lt;key&gt;/&lt;name&gt;.f32</c> holds the values, little-endian float32 row by row, and
/// <c>&lt;name&gt;.json</c>, written last, their shape, ids and hashes. Values are hashed in blocks, so a table too large for memory is
/// written from a stream and read in parts.
/// </summary>
public static class FeatureStore
{
    private const int BlockBytes = 1 << 22;

    /// <summary>Writes a table. A second call with the same table writes the same bytes.</summary>
    /// <returns>The files written.</returns>
    public static Task<IReadOnlyList<StageFile>> Save(
        IObjectStore store, ArtifactKey key, FeatureTable table, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(table);
        return Upload(store, key, table.Name, table.Ids, table.Shape, new FloatStream(table.Values), cancellationToken);
    }

    /// <summary>Writes a table whose values come in pieces, of any sizes, and need not fit in memory.</summary>
    /// <param name="store">The store.</param>
    /// <param name="key">The features' key.</param>
    /// <param name="name">What the rows are.</param>
    /// <param name="ids">What each row belongs to.</param>
    /// <param name="rowShape">Shape of one row: [d], or [P, d].</param>
    /// <param name="values">All rows, one after another.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The files written.</returns>
    /// <exception cref="ArgumentException">The values do not fill the shape.</exception>
    public static async Task<IReadOnlyList<StageFile>> Save(
        IObjectStore store, ArtifactKey key, string name, IReadOnlyList<string> ids, IReadOnlyList<long> rowShape,
        IAsyncEnumerable<ReadOnlyMemory<float>> values, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentNullException.ThrowIfNull(rowShape);
        ArgumentNullException.ThrowIfNull(values);
        long[] shape = [ids.Count, .. rowShape];
        var file = await SpoolFile.Filled(async stream =>
        {
            await foreach (var piece in values.WithCancellation(cancellationToken).ConfigureAwait(false))
            {
                stream.Write(MemoryMarshal.AsBytes(piece.Span));
            }
        }).ConfigureAwait(false);
        await using (file.ConfigureAwait(false))
        {
            if (shape.Length < 2 || file.Length != shape.Aggregate((long)sizeof(float), (product, size) => checked(product * size)))
            {
                throw new ArgumentException($"{name}: {file.Length / sizeof(float)} values do not make [{string.Join(", ", shape)}].", nameof(values));
            }

            return await Upload(store, key, name, [.. ids], shape, file, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Whether a table is there, whole.</summary>
    public static async Task<bool> Exists(IObjectStore store, ArtifactKey key, string name, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        return await store.Stat(HeaderKey(key, name), cancellationToken).ConfigureAwait(false) is not null;
    }

    /// <summary>Reads a table's shape and ids.</summary>
    /// <exception cref="ObjectNotFoundException">There is no such table.</exception>
    /// <exception cref="GmailClusterException">The header is not one that was written.</exception>
    public static async Task<FeatureHeader> Header(IObjectStore store, ArtifactKey key, string name, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        var header = await store.ReadJson<FeatureHeader>(HeaderKey(key, name), cancellationToken).ConfigureAwait(false);
        return header.Problem() is { } problem ? throw new AlteredObjectException(store.Location, HeaderKey(key, name), problem) : header;
    }

    /// <summary>Reads a table, its values checked against their hashes.</summary>
    /// <exception cref="ObjectNotFoundException">There is no such table.</exception>
    /// <exception cref="GmailClusterException">The values are not those that were written, or too many for one array.</exception>
    public static async Task<FeatureTable> Load(IObjectStore store, ArtifactKey key, string name, CancellationToken cancellationToken = default)
    {
        var header = await Header(store, key, name, cancellationToken).ConfigureAwait(false);
        if (header.LengthBytes / sizeof(float) > Array.MaxLength)
        {
            throw new GmailClusterException(
                $"{store.Location}: {ValuesKey(key, name)}", $"holds {header.LengthBytes / sizeof(float)} values, too many to load at once.",
                "Read it in parts.");
        }

        var values = await ReadRows(store, key, name, header, 0, checked((int)header.Shape[0]), cancellationToken).ConfigureAwait(false);
        return new FeatureTable(name, header.Ids, values, header.Shape);
    }

    /// <summary>Reads some rows, checked against the hashes of the blocks they lie in.</summary>
    /// <param name="store">The store.</param>
    /// <param name="key">The features' key.</param>
    /// <param name="name">The table.</param>
    /// <param name="header">The table's header.</param>
    /// <param name="start">The first row.</param>
    /// <param name="count">How many rows.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The rows, one after another.</returns>
    /// <exception cref="AlteredObjectException">The values are not those that were written.</exception>
    public static async Task<float[]> ReadRows(
        IObjectStore store, ArtifactKey key, string name, FeatureHeader header, long start, int count, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(header);
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start + count, header.Shape[0], nameof(count));
        await CheckLength(store, key, name, header, cancellationToken).ConfigureAwait(false);
        var rowBytes = header.RowLength * sizeof(float);
        var (from, to) = (start * rowBytes, (start + count) * rowBytes);
        var values = new float[(to - from) / sizeof(float)];
        if (values.Length == 0)
        {
            return values;
        }

        var firstBlock = from / header.BlockBytes;
        var offset = firstBlock * header.BlockBytes;
        var stream = await store.OpenRead(ValuesKey(key, name), offset, null, cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            var block = new byte[Math.Min(header.BlockBytes, header.LengthBytes)];
            for (var index = firstBlock; offset < to; index++)
            {
                var length = (int)Math.Min(header.BlockBytes, header.LengthBytes - offset);
                var read = await stream.ReadAtLeastAsync(block.AsMemory(0, length), length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
                if (read < length || Convert.ToHexStringLower(SHA256.HashData(block.AsSpan(0, length))) != header.Blocks[index])
                {
                    throw new AlteredObjectException(store.Location, ValuesKey(key, name), $"has other content than its header says, at byte {offset}.");
                }

                Copy(block.AsSpan(0, length), offset, from, to, values);
                offset += length;
            }
        }

        return values;
    }

    // The part of a block that lies in [from, to), to its place. A span of bytes over all values may be longer than a span can be.
    private static void Copy(ReadOnlySpan<byte> block, long offset, long from, long to, float[] values)
    {
        var (begin, end) = (Math.Max(offset, from), Math.Min(offset + block.Length, to));
        MemoryMarshal.Cast<byte, float>(block[(int)(begin - offset)..(int)(end - offset)])
            .CopyTo(values.AsSpan((int)((begin - from) / sizeof(float))));
    }

    private static async Task CheckLength(IObjectStore store, ArtifactKey key, string name, FeatureHeader header, CancellationToken cancellationToken)
    {
        var info = await store.Stat(ValuesKey(key, name), cancellationToken).ConfigureAwait(false)
            ?? throw new ObjectNotFoundException(store.Location, ValuesKey(key, name));
        if (info.LengthBytes != header.LengthBytes)
        {
            throw new AlteredObjectException(
                store.Location, ValuesKey(key, name), $"has {info.LengthBytes} bytes where its header says {header.LengthBytes}.");
        }
    }

    private static async Task<IReadOnlyList<StageFile>> Upload(
        IObjectStore store, ArtifactKey key, string name, string[] ids, long[] shape, Stream values, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var blocks = new List<string>();
        var block = new byte[Math.Min(BlockBytes, values.Length)];
        for (int count; (count = await values.ReadAtLeastAsync(block, block.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false)) > 0;)
        {
            whole.AppendData(block, 0, count);
            blocks.Add(Convert.ToHexStringLower(SHA256.HashData(block.AsSpan(0, count))));
        }

        values.Position = 0;
        var file = new StageFile(ValuesKey(key, name), values.Length, Convert.ToHexStringLower(whole.GetHashAndReset()));
        await store.Put(file.ObjectKey, values, PutCondition.Always, cancellationToken).ConfigureAwait(false);
        var header = new FeatureHeader(shape, file.Sha256, BlockBytes, [.. blocks], ids);
        await store.PutJson(HeaderKey(key, name), header, PutCondition.Always, cancellationToken).ConfigureAwait(false);
        return [file];
    }

    private static string ValuesKey(ArtifactKey key, string name) => $"features/{key}/{name}.f32";

    private static string HeaderKey(ArtifactKey key, string name) => $"features/{key}/{name}.json";
}
