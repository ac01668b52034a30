using System.Globalization;
using GmailCluster.Reporting.Tables;
using GmailCluster.Results;
using GmailCluster.Specs;

namespace GmailCluster.Reporting.Report;

/// <summary>What it takes to get the same bits again: keys and hashes, the machine, the spec.</summary>
internal static class ReproduceSection
{
    public static Html Render(ExperimentResults results)
    {
        var host = results.Host;
        (string Name, string? Value)[] facts =
        [
            ("Vector instructions", host.CpuCapability), ("Cores", host.Cores.ToString(CultureInfo.InvariantCulture)), ("Device", host.Device), (".NET", host.Dotnet),
            ("Torch", host.Torch), ("System", host.Os), ("Virtual ranks", results.WorldSize.ToString(CultureInfo.InvariantCulture)), ("Seeds", string.Join(", ", results.Seeds)),
        ];
        return Html.Of($"""
            <p>Every artifact is named by what made it. The same spec with the same number of virtual ranks gives the same hashes, on one node or many; on a CPU, with the same vector instructions.</p>
            <div class="card"><dl class="facts">{Html.Join(facts.Where(fact => !string.IsNullOrEmpty(fact.Value)).Select(fact => Html.Of($"<div><dt>{fact.Name}</dt><dd>{fact.Value}</dd></div>")))}</dl>{Artifacts(results)}
            <details><summary>The spec</summary><pre tabindex="0"><code>{results.SpecYaml}</code></pre></details></div>

            """);
    }

    private static Html? Artifacts(ExperimentResults results) => results.Artifacts.Count == 0 ? null : Html.Of($"""
        <details><summary>{results.Artifacts.Count} artifacts with SHA-256</summary><div class="scroll" tabindex="0" role="region" aria-label="Artifacts"><table><caption class="hidden">Artifacts</caption><thead><tr><th scope="col" class="text">Stage</th><th scope="col" class="text">Arm</th><th scope="col">seed</th><th scope="col" class="text">data</th><th scope="col">size</th><th scope="col" class="text">key</th><th scope="col" class="text">SHA-256</th></tr></thead><tbody>{Html.Join(results.Artifacts.Select(Row))}</tbody></table></div></details>
        """);

    private static Html Row(ArtifactRecord artifact) => Html.Of(
        $"<tr><th scope=\"row\">{Measure.TaskName(artifact.Stage)}</th><td class=\"text\">{(artifact.Arm is { } arm ? SpecWords.Of(arm) : "–")}</td><td>{artifact.Seed?.ToString(CultureInfo.InvariantCulture) ?? "–"}</td><td class=\"text\">{Sweep.Text(artifact.Sweep)}</td><td>{Figures.Bytes(artifact.SizeBytes)}</td><td class=\"text\"><code>{artifact.Key}</code></td><td class=\"text\"><code>{artifact.Sha256}</code></td></tr>");
}
