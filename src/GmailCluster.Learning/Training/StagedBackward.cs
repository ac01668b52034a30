using System.Runtime.InteropServices;
using GmailCluster.Learning.Optim;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace GmailCluster.Learning.Training;

/// <summary>
/// One rank's backward pass in stages, from the loss down: the autograd graph is cut between layers while it is built, and what lies
/// above a cut is differentiated, and may leave, before what lies below. Operations and their order are those of one pass, and so are
/// the bits, unless a parameter is used three times or more and not all in one stage: then its sum is bracketed otherwise. The stages
/// depend on the task alone, so that every silo has the same. They take the place of autograd's hooks, which TorchSharp does not have.
/// </summary>
public sealed class StagedBackward : IDisposable
{
    // A stage with less than this to send is not worth its own sum: it would wait for the network's latency, not for its bytes.
    private const int StageBytes = 1 << 20;
    private const int MaxStages = 8;

    private readonly FlatParameters _parameters;
    private readonly int[] _cutsAt;
    private readonly List<Tensor>[] _ends; // by cut: where the graph below ends
    private readonly List<Tensor>[] _starts; // by cut: where the graph above starts

    /// <summary>Prepares for a forward pass.</summary>
    /// <param name="parameters">What is differentiated by.</param>
    /// <param name="layers">Layers between which the graph may be cut.</param>
    /// <param name="stages">How many stages; null for as many as the gradient's size is worth.</param>
    public StagedBackward(FlatParameters parameters, int layers, int? stages = null)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        _parameters = parameters;
        var count = Math.Clamp(stages ?? (int)Math.Min((long)parameters.Length * sizeof(float) / StageBytes, MaxStages), 1, Math.Max(1, layers));
        _cutsAt = [.. Enumerable.Range(1, count - 1).Select(stage => stage * layers / count)];
        _ends = [.. _cutsAt.Select(_ => new List<Tensor>())];
        _starts = [.. _cutsAt.Select(_ => new List<Tensor>())];
    }

    /// <summary>Stages of the pass.</summary>
    public int Stages => _cutsAt.Length + 1;

    /// <summary>
    /// A <see cref="Models.Layers.LayerBoundary"/> that cuts. Several stacks of layers may be cut for one pass; all outputs must lie
    /// above the highest cut.
    /// </summary>
    /// <param name="hidden">States between two layers.</param>
    /// <param name="below">How many layers lie below.</param>
    public Tensor Cut(Tensor hidden, int below)
    {
        ArgumentNullException.ThrowIfNull(hidden);
        var cut = Array.IndexOf(_cutsAt, below);
        if (cut < 0 || !hidden.requires_grad)
        {
            return hidden;
        }

        // Both are needed in the backward pass, when the model's own scope has ended.
        var start = hidden.detach().requires_grad_().DetachFromDisposeScope();
        _ends[cut].Add(hidden.alias().DetachFromDisposeScope());
        _starts[cut].Add(start);
        return start;
    }

    /// <summary>Differentiates and lays the gradients out flat.</summary>
    /// <param name="outputs">What to differentiate.</param>
    /// <param name="outputGradients">Gradient of the loss by each output; null where the output is the scalar loss itself.</param>
    /// <param name="destination">Filled; laid out as the parameters. Padding is left as it is.</param>
    /// <param name="passed">Told of each stage that is over, counted from the loss.</param>
    /// <returns>For each parameter the stage after which its gradient was whole: the last that reached it.</returns>
    /// <exception cref="InvalidOperationException">The outputs do not depend on a parameter.</exception>
    public int[] Run(IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor>? outputGradients, Span<float> destination, Action<int>? passed = null)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        using var scope = NewDisposeScope();
        var wholeAfter = new int[_parameters.Parameters.Count];
        Array.Fill(wholeAfter, -1);
        for (var stage = 0; stage < Stages; stage++)
        {
            var cut = Stages - 2 - stage;
            if (outputs.Count > 0) // else nothing below is trained
            {
                (outputs, outputGradients) = Differentiate(outputs, outputGradients, cut, stage, wholeAfter, destination);
            }

            passed?.Invoke(stage);
        }

        var unreached = Array.IndexOf(wholeAfter, -1);
        return unreached < 0 ? wholeAfter : throw new InvalidOperationException($"The loss does not depend on {_parameters.Slices[unreached].Name}.");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in _ends.Concat(_starts).SelectMany(tensors => tensors))
        {
            tensor.Dispose();
        }
    }

    // Returns what the next stage differentiates: the ends of the graph below the cut, with the gradients of the starts above it.
    private (IReadOnlyList<Tensor> Outputs, IReadOnlyList<Tensor> Gradients) Differentiate(
        IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor>? outputGradients, int cut, int stage, int[] wholeAfter, Span<float> destination)
    {
        using var scope = NewDisposeScope();
        IReadOnlyList<Tensor> starts = cut < 0 ? [] : _starts[cut];
        var gradients = autograd.grad(
            [.. outputs], [.. _parameters.Parameters, .. starts], outputGradients is null ? null : [.. outputGradients], allow_unused: true);
        for (var i = 0; i < wholeAfter.Length; i++)
        {
            if (!gradients[i].IsInvalid)
            {
                var slice = _parameters.Slices[i];
                Lay(gradients[i], destination.Slice(slice.Offset, slice.Count), isMore: wholeAfter[i] >= 0);
                wholeAfter[i] = stage;
            }
        }

        return cut < 0 ? ([], []) : (_ends[cut], [.. gradients.Skip(wholeAfter.Length).Select(gradient => gradient.MoveToOuterDisposeScope())]);
    }

    // A parameter that stages share, such as an embedding table that is the head, too, adds up.
    private static void Lay(Tensor gradient, Span<float> destination, bool isMore)
    {
        var values = MemoryMarshal.Cast<byte, float>(gradient.contiguous().bytes);
        if (isMore)
        {
            TensorPrimitives.Add(destination, values, destination);
        }
        else
        {
            values.CopyTo(destination);
        }
    }
}
