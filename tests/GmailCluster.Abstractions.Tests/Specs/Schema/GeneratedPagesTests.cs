using GmailCluster.Specs.Schema;
using GmailCluster.Telemetry;

namespace GmailCluster.Tests.Specs.Schema;

/// <summary>
/// Pages that are made from the records are in step with them. After a change, run these tests once with
/// GMAILCLUSTER_UPDATE_DOCS=1 and commit what they wrote.
/// </summary>
public sealed class GeneratedPagesTests
{
    [Fact]
    public void The_schema_in_docs_is_the_records() => AssertInStep("spec.schema.json", SpecSchema.Json());

    [Fact]
    public void The_reference_in_docs_is_the_records() => AssertInStep("spec.md", SpecReference.Markdown());

    [Fact]
    public void The_telemetry_in_docs_is_what_is_emitted() => AssertInStep("operate/telemetry.md", TelemetryReference.Markdown());

    private static void AssertInStep(string name, string made)
    {
        var path = RepositoryRoot.At("docs", name);
        if (Environment.GetEnvironmentVariable("GMAILCLUSTER_UPDATE_DOCS") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, made);
        }

        Assert.True(
            File.Exists(path) && File.ReadAllText(path) == made,
            $"docs/{name} is not what the code says. Run the tests with GMAILCLUSTER_UPDATE_DOCS=1 and commit the change.");
    }
}
