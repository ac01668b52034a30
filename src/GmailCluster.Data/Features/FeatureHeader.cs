namespace GmailCluster.Data.Features;

/// <summary>What <c>features/&lt;key&gt;/&lt;name&gt;.json</c> says of the values beside it; written last, so a table exists when it does.</summary>
/// <param name="Shape">[N, …], N the number of ids.</param>
/// <param name="Sha256">SHA-256 of all values.</param>
/// <param name="BlockBytes">Length of a block; the last may be shorter.</param>
/// <param name="Blocks">SHA-256 of each block, so that a part can be read and checked without the whole.</param>
/// <param name="Ids">What each row belongs to.</param>
public sealed record FeatureHeader(long[] Shape, string Sha256, int BlockBytes, string[] Blocks, string[] Ids)
{
    /// <summary>Values in a row.</summary>
    public long RowLength => Shape.Skip(1).Aggregate(1L, (product, size) => checked(product * size));

    /// <summary>Bytes of all rows.</summary>
    public long LengthBytes => checked(Shape[0] * RowLength * sizeof(float));

    /// <summary>Why the header contradicts itself; null when it does not.</summary>
    internal string? Problem()
    {
        if (Shape.Length < 2 || Shape.Any(size => size < 0) || Shape[0] != Ids.Length)
        {
            return $"names {Ids.Length} ids for the shape [{string.Join(", ", Shape)}].";
        }

        // Int128: a damaged shape may overflow.
        var bytes = Shape.Aggregate((Int128)sizeof(float), (product, size) => product > long.MaxValue ? product : product * size);
        return BlockBytes <= 0 || BlockBytes % sizeof(float) != 0 || bytes > long.MaxValue || ((long)bytes + BlockBytes - 1) / BlockBytes != Blocks.Length
            ? $"has {Blocks.Length} blocks of {BlockBytes} bytes for the shape [{string.Join(", ", Shape)}]."
            : null;
    }
}
