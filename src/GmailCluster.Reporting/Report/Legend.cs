using GmailCluster.Reporting.Plots;
using GmailCluster.Reporting.Tables;

namespace GmailCluster.Reporting.Report;

/// <summary>Which mark is which arm. With the script running, an entry shows and hides its series in the section.</summary>
internal static class Legend
{
    public static Html Of(IEnumerable<ArmKey> arms) =>
        Of(arms.Select(arm => (arm.Colour, Label: Specs.SpecWords.Of(arm.Arm))).Distinct());

    public static Html Of(IEnumerable<(string Colour, string Label)> entries) => Html.Of(
        $"<ul class=\"legend\" aria-label=\"Legend\">{Html.Join(entries.Select(entry => Html.Of($"<li><span data-toggle=\"{entry.Colour}\">{Svg.Key(entry.Colour)}{entry.Label}</span></li>")))}</ul>\n");
}
