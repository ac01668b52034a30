using System.Runtime.CompilerServices;
using GmailCluster.Data.Images;
using GmailCluster.Errors;
using GmailCluster.Learning.Compute;

namespace GmailCluster.Learning.Use;

/// <summary>Pictures through a model: decoded and computed in batches over the compute slots, given back in order as they are done.</summary>
internal static class PicturePipeline
{
    private const int BatchSize = 16;

    /// <summary>Runs it; a few batches a slot are under way at once.</summary>
    /// <param name="paths">What the user named.</param>
    /// <param name="processor">How pictures are prepared.</param>
    /// <param name="pool">Compute slots.</param>
    /// <param name="use">From pixels, [B, 3, H, W], to B results; within a dispose scope.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public static async IAsyncEnumerable<Seen<T>> Run<T>(
        IReadOnlyList<string> paths, ClipImageProcessor processor, ComputePool pool, Func<Tensor, IReadOnlyList<T>> use,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        UserPictures.Check(paths);
        var underWay = new Queue<Task<IReadOnlyList<Seen<T>>>>();
        var batches = Batches(UserPictures.Read(paths, cancellationToken), cancellationToken);
        await foreach (var batch in batches.ConfigureAwait(false))
        {
            underWay.Enqueue(pool.Run(() => Batch(batch, processor, use), cancellationToken));
            if (underWay.Count >= 2 * pool.Slots)
            {
                foreach (var seen in await underWay.Dequeue().ConfigureAwait(false))
                {
                    yield return seen;
                }
            }
        }

        while (underWay.TryDequeue(out var done))
        {
            foreach (var seen in await done.ConfigureAwait(false))
            {
                yield return seen;
            }
        }
    }

    private static async IAsyncEnumerable<UserPicture[]> Batches(IAsyncEnumerable<UserPicture> pictures, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var batch = new List<UserPicture>(BatchSize);
        await foreach (var picture in pictures.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            batch.Add(picture);
            if (batch.Count == BatchSize)
            {
                yield return [.. batch];
                batch.Clear();
            }
        }

        if (batch.Count > 0)
        {
            yield return [.. batch];
        }
    }

    private static IReadOnlyList<Seen<T>> Batch<T>(UserPicture[] batch, ClipImageProcessor processor, Func<Tensor, IReadOnlyList<T>> use)
    {
        var pixels = new float[batch.Length * processor.Size];
        var problems = new InputException?[batch.Length];
        var readable = 0;
        for (var i = 0; i < batch.Length; i++)
        {
            problems[i] = batch[i].Problem ?? Prepare(batch[i], processor, pixels.AsSpan(readable * processor.Size, processor.Size));
            readable += problems[i] is null ? 1 : 0;
        }

        using var scope = NewDisposeScope();
        var results = readable == 0
            ? []
            : new Queue<T>(use(TensorRows.From(pixels.AsSpan(0, readable * processor.Size), readable, 3, processor.Height, processor.Width)));
        return [.. batch.Zip(problems, (picture, problem) => new Seen<T>(picture.Name, problem is null ? results.Dequeue() : default, problem))];
    }

    private static InputException? Prepare(UserPicture picture, ClipImageProcessor processor, Span<float> pixels)
    {
        try
        {
            processor.Process(ImageDecoder.Decode(picture.Encoded, picture.Name), pixels);
            return null;
        }
        catch (InputException problem)
        {
            return problem;
        }
    }
}
