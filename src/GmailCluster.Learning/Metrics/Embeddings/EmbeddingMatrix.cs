using System.Numerics.Tensors;

namespace GmailCluster.Learning.Metrics.Embeddings;

/// <summary>Embeddings as rows of one block of memory, [N, D].</summary>
public readonly record struct EmbeddingMatrix
{
    /// <summary>Wraps memory, without a copy.</summary>
    /// <param name="values">Row after row, N x D numbers.</param>
    /// <param name="width">Numbers in a row, D.</param>
    public EmbeddingMatrix(ReadOnlyMemory<float> values, int width)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        if (values.Length % width != 0)
        {
            throw new ArgumentException($"{values.Length} numbers are no whole rows of {width}.", nameof(values));
        }

        Values = values;
        Width = width;
        Count = values.Length / width;
    }

    /// <summary>All numbers, row after row.</summary>
    public ReadOnlyMemory<float> Values { get; }

    /// <summary>Numbers in a row, D.</summary>
    public int Width { get; }

    /// <summary>Rows, N.</summary>
    public int Count { get; }

    /// <summary>Row <paramref name="index"/>, [D].</summary>
    public ReadOnlySpan<float> Row(int index) => Values.Span.Slice(index * Width, Width);

    /// <summary>Copies rows of equal length into one block.</summary>
    public static EmbeddingMatrix From(IReadOnlyList<float[]> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.Count == 0 || rows[0].Length == 0)
        {
            throw new ArgumentException("there are no embeddings.", nameof(rows));
        }

        var width = rows[0].Length;
        var values = new float[rows.Count * width];
        for (var row = 0; row < rows.Count; row++)
        {
            if (rows[row].Length != width)
            {
                throw new ArgumentException($"row {row} has {rows[row].Length} numbers, row 0 has {width}.", nameof(rows));
            }

            rows[row].CopyTo(values, row * width);
        }

        return new EmbeddingMatrix(values, width);
    }

    internal double[][] ToDouble()
    {
        var rows = new double[Count][];
        for (var index = 0; index < Count; index++)
        {
            rows[index] = new double[Width];
            TensorPrimitives.ConvertChecked(Row(index), rows[index].AsSpan());
        }

        return rows;
    }

    internal void CheckWith(EmbeddingMatrix other, int atLeast = 1)
    {
        if (Width != other.Width)
        {
            throw new ArgumentException($"embeddings of {Width} and of {other.Width} numbers cannot be compared.", nameof(other));
        }

        if (Count < atLeast || other.Count < atLeast)
        {
            throw new ArgumentException($"needs at least {atLeast} embeddings of each kind, got {Count} and {other.Count}.", nameof(other));
        }
    }
}
