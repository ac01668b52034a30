namespace GmailCluster.Specs.Rules;

/// <summary>Collects what rules find, and keeps them silent about keys whose value could not be read anyway.</summary>
/// <param name="spec">The spec; keys in <paramref name="failed"/> have their default, or empty text.</param>
/// <param name="written">Keys that the file gives.</param>
/// <param name="failed">Keys that have no usable value.</param>
internal sealed class RuleBook(ExperimentSpec spec, IReadOnlyCollection<string> written, IReadOnlyCollection<string> failed)
{
    public ExperimentSpec Spec => spec;

    public List<SpecFinding> Findings { get; } = [];

    /// <summary>True when the file gives this key.</summary>
    public bool IsWritten(string key) => written.Contains(key);

    /// <summary>Notes a finding about <paramref name="key"/>.</summary>
    /// <param name="isBroken">The rule does not hold.</param>
    /// <param name="key">The key to change, and the line to name.</param>
    /// <param name="problem">Continues the key.</param>
    /// <param name="remedy">What to do.</param>
    /// <param name="alsoReads">Other keys that the rule went by.</param>
    public void Require(bool isBroken, string key, string problem, string remedy, params IEnumerable<string> alsoReads)
    {
        if (isBroken && !alsoReads.Prepend(key).Any(IsUnreadable))
        {
            Findings.Add(new SpecFinding(key, problem, remedy));
        }
    }

    /// <summary>Refuses a key that is written but changes nothing.</summary>
    public void HasEffect(bool hasEffect, string key, string why, string remedy, params IEnumerable<string> alsoReads) =>
        Require(IsWritten(key) && !hasEffect, key, $"has no effect: {why}.", remedy, alsoReads);

    private bool IsUnreadable(string key) => failed.Any(bad => IsWithin(bad, key) || IsWithin(key, bad));

    private static bool IsWithin(string inner, string outer) =>
        inner.StartsWith(outer, StringComparison.Ordinal) && (inner.Length == outer.Length || inner[outer.Length] is '.' or '[');
}

/// <summary>A rule that a spec breaks.</summary>
internal sealed record SpecFinding(string Key, string Problem, string Remedy);
