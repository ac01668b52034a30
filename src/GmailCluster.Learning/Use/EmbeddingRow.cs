namespace GmailCluster.Learning.Use;

/// <summary>An embedding and what it is of.</summary>
/// <param name="Name">The picture's path, or the text itself.</param>
/// <param name="IsText">Whether it is a text's.</param>
/// <param name="Values">Its values.</param>
public sealed record EmbeddingRow(string Name, bool IsText, float[] Values)
{
    /// <summary>The same direction in unit length.</summary>
    public EmbeddingRow Normalised()
    {
        var values = new float[Values.Length];
        System.Numerics.Tensors.TensorPrimitives.Divide(Values, System.Numerics.Tensors.TensorPrimitives.Norm<float>(Values), values);
        return this with { Values = values };
    }
}
