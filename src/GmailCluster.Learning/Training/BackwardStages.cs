using GmailCluster.Learning.Optim;

namespace GmailCluster.Learning.Training;

/// <summary>
/// How a task's backward passes are divided: at which layers the autograd graph is cut, and which parameters each stage reaches. The
/// latter is seen in the first pass: a task's graph has the same form in every step.
/// </summary>
public sealed class BackwardStages
{
    // A stage with less than this to send is not worth its own sum: it would wait for the network's latency, not for its bytes.
    private const int StageBytes = 1 << 20;
    private const int MaxStages = 8;

    private int[][]? _reached;

    /// <summary>Divides the passes of a task.</summary>
    /// <param name="parameters">What is differentiated by.</param>
    /// <param name="layers">Layers between which the graph may be cut.</param>
    /// <param name="stages">How many stages; null for as many as the gradient's size is worth.</param>
    public BackwardStages(FlatParameters parameters, int layers, int? stages = null)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        Parameters = parameters;
        var count = Math.Clamp(stages ?? (int)Math.Min((long)parameters.Length * sizeof(float) / StageBytes, MaxStages), 1, Math.Max(1, layers));
        CutsAt = [.. Enumerable.Range(1, count - 1).Select(stage => stage * layers / count)];
    }

    /// <summary>How many there are.</summary>
    public int Count => CutsAt.Length + 1;

    internal FlatParameters Parameters { get; }

    /// <summary>Layers below each cut, from the lowest.</summary>
    internal int[] CutsAt { get; }

    /// <summary>For each stage, counted from the loss, the parameters that it reaches; null before the first pass.</summary>
    internal IReadOnlyList<int[]>? Reached => Volatile.Read(ref _reached);

    /// <summary>A pass of one rank.</summary>
    public StagedBackward Begin() => new(this);

    /// <summary>Takes what a first pass has seen. Ranks may bring theirs at once.</summary>
    /// <exception cref="InvalidOperationException">The loss does not depend on a parameter, or not as another rank's does.</exception>
    internal void Learn(int[][] reached)
    {
        var idle = Enumerable.Range(0, Parameters.Slices.Count).Except(reached.SelectMany(stage => stage)).ToArray();
        if (idle.Length > 0)
        {
            throw new InvalidOperationException($"The loss does not depend on {Parameters.Slices[idle[0]].Name}.");
        }

        var first = Interlocked.CompareExchange(ref _reached, reached, null);
        if (first is not null && !first.Zip(reached).All(stage => stage.First.AsSpan().SequenceEqual(stage.Second)))
        {
            throw new InvalidOperationException("The backward passes of two ranks have reached the parameters in different stages.");
        }
    }

    /// <summary>For each parameter the stage after which its gradient is whole: the last that reaches it.</summary>
    internal int[] WholeAfter()
    {
        var wholeAfter = new int[Parameters.Slices.Count];
        foreach (var (stage, reached) in _reached!.Index())
        {
            foreach (var parameter in reached)
            {
                wholeAfter[parameter] = stage;
            }
        }

        return wholeAfter;
    }
}
