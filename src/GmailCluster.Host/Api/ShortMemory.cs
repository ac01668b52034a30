using System.Collections.Concurrent;

namespace GmailCluster.Host.Api;

/// <summary>
/// Answers that many ask for at once: one question serves all who ask within its age, so a hundred watchers cost what one does.
/// </summary>
/// <param name="age">How old an answer may be.</param>
/// <param name="time">The clock.</param>
internal sealed class ShortMemory<T>(TimeSpan age, TimeProvider time)
{
    private const int Most = 512;

    private readonly ConcurrentDictionary<string, (long At, Lazy<Task<T>> Answer)> _answers = new(StringComparer.Ordinal);

    /// <summary>The answer to a question, asked anew when there is none of that age. A failure is told to those who wait for it, and not kept.</summary>
    public async Task<T> Get(string question, Func<Task<T>> ask, CancellationToken cancellationToken)
    {
        var now = time.GetTimestamp();
        if (_answers.Count > Most)
        {
            foreach (var old in _answers.Where(old => !IsFresh(old.Value.At, now)))
            {
                _answers.TryRemove(old);
            }
        }

        var kept = _answers.AddOrUpdate(question, _ => (now, new(ask)), (_, last) => IsFresh(last.At, now) ? last : (now, new(ask)));
        try
        {
            return await kept.Answer.Value.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch when (kept.Answer.Value.IsFaulted)
        {
            _answers.TryRemove(KeyValuePair.Create(question, kept));
            throw;
        }
    }

    /// <summary>An answer is true no more: whoever asks from now on asks anew.</summary>
    public void Forget(string question) => _answers.TryRemove(question, out _);

    private bool IsFresh(long at, long now) => time.GetElapsedTime(at, now) < age;
}
