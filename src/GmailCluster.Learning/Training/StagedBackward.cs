using System.Runtime.InteropServices;
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
    private readonly List<Tensor>[] _ends; // by cut: where the graph below ends
    private readonly List<Tensor>[] _starts; // by cut: where the graph above starts

    internal StagedBackward(BackwardStages stages)
    {
        Stages = stages;
        _ends = [.. stages.CutsAt.Select(_ => new List<Tensor>())];
        _starts = [.. stages.CutsAt.Select(_ => new List<Tensor>())];
    }

    internal BackwardStages Stages { get; }

    /// <summary>
    /// A <see cref="Models.Layers.LayerBoundary"/> that cuts. Several stacks of layers may be cut for one pass; all outputs must lie
    /// above the highest cut.
    /// </summary>
    /// <param name="hidden">States between two layers.</param>
    /// <param name="below">How many layers lie below.</param>
    public Tensor Cut(Tensor hidden, int below)
    {
        ArgumentNullException.ThrowIfNull(hidden);
        var cut = Array.IndexOf(Stages.CutsAt, below);
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
    /// <exception cref="InvalidOperationException">The outputs do not depend on a parameter.</exception>
    public void Run(IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor>? outputGradients, Span<float> destination, Action<int>? passed = null)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        using var scope = NewDisposeScope();
        var known = Stages.Reached;
        var reached = new int[Stages.Count][];
        var isLaid = new bool[Stages.Parameters.Slices.Count];
        for (var stage = 0; stage < reached.Length; stage++)
        {
            var starts = stage + 1 < reached.Length ? _starts[^(stage + 1)] : [];
            reached[stage] = [];
            if (outputs.Count > 0) // else nothing below is trained
            {
                (reached[stage], var gradients) = Differentiate(outputs, outputGradients, known?[stage], starts, isLaid, destination);
                (outputs, outputGradients) = (stage + 1 < reached.Length ? _ends[^(stage + 1)] : [], gradients);
            }

            passed?.Invoke(stage);
        }

        if (known is null)
        {
            Stages.Learn(reached);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in _ends.Concat(_starts).SelectMany(tensors => tensors))
        {
            tensor.Dispose();
        }
    }

    // Returns the parameters that were reached, and the gradients of the starts, from which the next stage goes on.
    private (int[] Reached, IReadOnlyList<Tensor> Gradients) Differentiate(
        IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor>? outputGradients, int[]? known, List<Tensor> starts, bool[] isLaid, Span<float> destination)
    {
        using var scope = NewDisposeScope();
        var parameters = Stages.Parameters;
        var asked = known ?? [.. Enumerable.Range(0, isLaid.Length)];
        var gradients = autograd.grad(
            [.. outputs], [.. asked.Select(i => parameters.Parameters[i]), .. starts], outputGradients is null ? null : [.. outputGradients], allow_unused: known is null);
        var reached = known ?? [.. asked.Where(i => !gradients[i].IsInvalid)];
        foreach (var (at, i) in asked.Index())
        {
            if (!gradients[at].IsInvalid)
            {
                var slice = parameters.Slices[i];
                Lay(gradients[at], destination.Slice(slice.Offset, slice.Count), isMore: isLaid[i]);
                isLaid[i] = true;
            }
        }

        return (reached, [.. gradients.Skip(asked.Length).Select(gradient => gradient.MoveToOuterDisposeScope())]);
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
