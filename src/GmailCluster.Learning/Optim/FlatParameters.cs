using System.Runtime.InteropServices;
using GmailCluster.Errors;
using TorchSharp.Modules;

namespace GmailCluster.Learning.Optim;

/// <summary>
/// The trainable parameters of a model, laid end to end in one flat float32 buffer that the model's own parameters are views
/// of: the optimiser, the gradient exchange and a checkpoint each see one array. Order is by name (ordinal), each parameter
/// starts on a 64-byte boundary; the padding stays zero. The buffer outlives dispose scopes and is freed by
/// <see cref="Dispose"/>; the model must not be used after that.
/// </summary>
public sealed class FlatParameters : IDisposable
{
    private const int AlignmentFloats = 64 / sizeof(float);
    private readonly Tensor _values;

    private FlatParameters(Tensor values, IReadOnlyList<FlatSlice> slices, IReadOnlyList<Parameter> parameters)
    {
        _values = values;
        Slices = slices;
        Parameters = parameters;
    }

    /// <summary>Where each parameter lies, in buffer order.</summary>
    public IReadOnlyList<FlatSlice> Slices { get; }

    /// <summary>The model's parameters in buffer order: the inputs for <c>autograd.grad</c>.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>Length of the buffer with padding, in floats.</summary>
    public int Length => (int)_values.numel();

    /// <summary>The live values. Writing here changes the model.</summary>
    public Span<float> Values => MemoryMarshal.Cast<byte, float>(_values.bytes);

    /// <summary>Moves the given parameters into one buffer and makes them views of it.</summary>
    /// <exception cref="GmailClusterException">Two parameters have one name, or one is not float32.</exception>
    public static FlatParameters Adopt(IEnumerable<(string Name, Parameter Parameter)> parameters)
    {
        var ordered = parameters.OrderBy(p => p.Name, StringComparer.Ordinal).ToArray();
        var slices = new List<FlatSlice>(ordered.Length);
        var end = 0;
        foreach (var (name, parameter) in ordered)
        {
            if (parameter.dtype != ScalarType.Float32 || (slices.Count > 0 && slices[^1].Name == name))
            {
                throw new GmailClusterException(name, $"is a {parameter.dtype} parameter or named twice.", "Trainable parameters are float32 and named once.");
            }

            var count = checked((int)parameter.numel());
            slices.Add(new FlatSlice(name, end, count, parameter.shape));
            end = checked(end + (((count + AlignmentFloats - 1) / AlignmentFloats) * AlignmentFloats));
        }

        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var values = zeros(end, ScalarType.Float32).DetachFromDisposeScope();
        for (var i = 0; i < ordered.Length; i++)
        {
            var view = values.narrow(0, slices[i].Offset, slices[i].Count).view([.. slices[i].Shape]);
            view.copy_(ordered[i].Parameter);
            ordered[i].Parameter.set_(view);
        }

        return new FlatParameters(values, slices, [.. ordered.Select(p => p.Parameter)]);
    }

    /// <inheritdoc/>
    public void Dispose() => _values.Dispose();
}

/// <summary>One parameter's place in a flat buffer.</summary>
/// <param name="Name">The parameter's checkpoint name.</param>
/// <param name="Offset">First float.</param>
/// <param name="Count">How many floats.</param>
/// <param name="Shape">The parameter's shape.</param>
public sealed record FlatSlice(string Name, int Offset, int Count, IReadOnlyList<long> Shape);
