using GmailCluster.Errors;

namespace GmailCluster.Data.Shards;

/// <summary>
/// Writes a WebDataset tar of which every byte is a function of its samples: members sorted, times, owner and mode fixed. Samples
/// come in ascending ordinal order of their keys, so a shard is streamed; <see cref="WriteAll"/> sorts for you.
/// </summary>
/// <param name="destination">Where the tar goes; stays open.</param>
public sealed class ShardWriter(Stream destination)
{
    private string? _last;
    private bool _completed;

    /// <summary>Samples written.</summary>
    public int SampleCount { get; private set; }

    /// <summary>Writes a whole shard, its samples sorted by key.</summary>
    /// <exception cref="InputException">A key is used twice, or would not be read back.</exception>
    public static async Task WriteAll(Stream destination, IEnumerable<ShardSample> samples, CancellationToken cancellationToken = default)
    {
        var writer = new ShardWriter(destination);
        foreach (var sample in samples.OrderBy(s => s.Key, StringComparer.Ordinal))
        {
            await writer.Add(sample, cancellationToken).ConfigureAwait(false);
        }

        await writer.Complete(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Appends one sample.</summary>
    /// <exception cref="InputException">The key is not greater than the one before, or would not be read back.</exception>
    public async Task Add(ShardSample sample, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sample);
        ObjectDisposedException.ThrowIf(_completed, this);
        ShardKey.Validate(sample);
        if (_last is not null && StringComparer.Ordinal.Compare(_last, sample.Key) >= 0)
        {
            throw new InputException(
                $"sample key '{sample.Key}'", _last == sample.Key ? "is used twice." : $"comes after '{_last}'.",
                "Give every sample of a shard its own key, in ascending order.");
        }

        foreach (var (extension, content) in sample.Members.OrderBy(m => m.Key, StringComparer.Ordinal))
        {
            await destination.WriteAsync(TarHeader.For($"{sample.Key}.{extension}", content.Length), cancellationToken).ConfigureAwait(false);
            await destination.WriteAsync(content, cancellationToken).ConfigureAwait(false);
            var padding = (int)(TarHeader.Padded(content.Length) - content.Length);
            await destination.WriteAsync(new byte[padding], cancellationToken).ConfigureAwait(false);
        }

        _last = sample.Key;
        SampleCount++;
    }

    /// <summary>Writes the end-of-archive mark; a tar without it is refused as truncated.</summary>
    public async Task Complete(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_completed, this);
        _completed = true;
        await destination.WriteAsync(new byte[2 * TarHeader.Block], cancellationToken).ConfigureAwait(false);
        await destination.FlushAsync(cancellationToken).ConfigureAwait(false);
    }
}
