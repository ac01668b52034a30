namespace GmailCluster.Data.Features;

/// <summary>Frozen features of a set of pictures or captions: one row each.</summary>
public sealed record FeatureTable
{
    /// <summary>Makes a table.</summary>
    /// <param name="name">What the rows are, such as <c>embeddings</c> or <c>patches</c>.</param>
    /// <param name="ids">What each row belongs to.</param>
    /// <param name="values">All rows, one after another.</param>
    /// <param name="shape">[N, …], N the number of ids.</param>
    public FeatureTable(string name, string[] ids, float[] values, long[] shape)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(shape);
        if (shape.Length < 2 || shape[0] != ids.Length || shape.Aggregate(1L, (product, size) => product * size) != values.Length)
        {
            throw new ArgumentException($"{name}: {ids.Length} ids and {values.Length} values do not make [{string.Join(", ", shape)}].", nameof(shape));
        }

        (Name, Ids, Values, Shape) = (name, ids, values, shape);
    }

    /// <summary>What the rows are.</summary>
    public string Name { get; }

    /// <summary>What each row belongs to.</summary>
    public string[] Ids { get; }

    /// <summary>All rows, one after another.</summary>
    public float[] Values { get; }

    /// <summary>[N, …].</summary>
    public long[] Shape { get; }
}
