using System.Runtime.CompilerServices;
using GmailCluster.Errors;

namespace GmailCluster.Data.Shards;

/// <summary>
/// Streams the samples of a WebDataset tar: consecutive members that share a key, cut at the first dot of the base name as
/// webdataset does. A truncated, corrupt or dangerous tar is refused with file and offset.
/// </summary>
/// <param name="stream">The tar; stays open. Need not be seekable.</param>
/// <param name="location">What to call it in errors: a path or key.</param>
/// <param name="limits">How much to accept.</param>
public sealed class ShardReader(Stream stream, string location, ShardLimits? limits = null)
{
    private readonly ShardLimits _limits = limits ?? ShardLimits.Default;
    private readonly List<string> _skipped = [];

    /// <summary>
    /// Members passed over so far because they belong to no sample: without key or extension (<c>.DS_Store</c>, <c>README</c>), or
    /// WebDataset's own (<c>__…__</c>).
    /// </summary>
    public IReadOnlyList<string> SkippedMembers => _skipped;

    /// <summary>The samples in the order of the tar. Enumerate once.</summary>
    /// <exception cref="InputException">The tar is not usable; the message says where and why.</exception>
    public async IAsyncEnumerable<ShardSample> Read([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var tar = new TarMemberReader(stream, location, _limits.MaxMemberBytes);
        ShardSample? sample = null;
        var members = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        while (await tar.Next(cancellationToken).ConfigureAwait(false) is { } member)
        {
            if (SampleMember(member.Name) is not { } name)
            {
                _skipped.Add(member.Name);
                continue;
            }

            if (sample is not null && sample.Key != name.Key)
            {
                yield return sample;
                sample = null;
            }

            if (sample is null)
            {
                members = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
                sample = new ShardSample(name.Key, members);
            }

            var content = await tar.ReadContent(cancellationToken).ConfigureAwait(false);
            if (members.Count == _limits.MaxSampleMembers || !members.TryAdd(name.Extension, content))
            {
                throw new InputException(
                    $"{location}, offset {member.HeaderOffset}",
                    members.ContainsKey(name.Extension)
                        ? $"the sample '{name.Key}' has two members with the extension '{name.Extension}'."
                        : $"the sample '{name.Key}' has more than {_limits.MaxSampleMembers} members.",
                    "Give every sample a key of its own, and keep its members together.");
            }
        }

        if (sample is not null)
        {
            yield return sample;
        }
    }

    /// <summary>Key and extension of a member that belongs to a sample; null for others.</summary>
    internal static (string Key, string Extension)? SampleMember(string name) =>
        name.Split('/').Any(part => part.Length > 4 && part.StartsWith("__", StringComparison.Ordinal) && part.EndsWith("__", StringComparison.Ordinal))
            ? null
            : ShardKey.Split(name);
}
