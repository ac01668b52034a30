using GmailCluster.Specs.Rules;

namespace GmailCluster.Specs;

/// <summary>What a spec's settings must be to each other. Pure: looks at no file.</summary>
internal static class SpecRules
{
    /// <summary>The rules that a spec breaks, in no particular order.</summary>
    /// <param name="spec">The spec, without nulls where a value is required.</param>
    /// <param name="written">Dotted keys that the file gives; a written key without effect is refused, a default never.</param>
    /// <param name="failed">Dotted keys whose value was unusable: rules that read them stay silent.</param>
    public static IReadOnlyList<SpecFinding> Check(ExperimentSpec spec, IReadOnlyCollection<string> written, IReadOnlyCollection<string> failed)
    {
        var book = new RuleBook(spec, written, failed);
        SectionRules.Check(book);
        DataRules.Check(book);
        TrainingRules.Check(book);
        EvaluationRules.Check(book);
        return book.Findings;
    }
}
