using NetArchTest.Rules;

namespace GmailCluster.Architecture.Tests;

/// <summary>Which libraries the projects keep out, so that science is tested without a silo and data without torch.</summary>
public sealed class DependencyTests
{
    [Theory]
    [InlineData("Models")]
    [InlineData("Data")]
    [InlineData("Learning")]
    [InlineData("Reporting")]
    public void Orleans_stays_in_the_cluster(string project) => AssertFree(project, "Orleans");

    [Theory]
    [InlineData("Abstractions")]
    [InlineData("Data")]
    [InlineData("Reporting")]
    public void TorchSharp_stays_with_models_and_learning(string project) => AssertFree(project, "TorchSharp");

    [Theory]
    [InlineData("Abstractions")]
    [InlineData("Models")]
    [InlineData("Data")]
    [InlineData("Learning")]
    [InlineData("Cluster")]
    [InlineData("Reporting")]
    public void The_web_stack_stays_in_the_host(string project) => AssertFree(project, "Microsoft.AspNetCore");

    /// <summary>The rules above see a dependency where there is one.</summary>
    [Theory]
    [InlineData("Learning", "TorchSharp")]
    [InlineData("Models", "TorchSharp")]
    [InlineData("Abstractions", "Orleans")]
    public void A_dependency_that_is_there_is_seen(string project, string library) => Assert.False(Own(project).ShouldNot().HaveDependencyOnAny(library).GetResult().IsSuccessful);

    private static void AssertFree(string project, string library)
    {
        var types = Own(project);
        Assert.NotEmpty(types.GetTypes()); // a selection of nothing would pass every rule

        var result = types.ShouldNot().HaveDependencyOnAny(library).GetResult();

        Assert.True(result.IsSuccessful, $"{project} uses {library} in {string.Join(", ", result.FailingTypeNames ?? [])}.");
    }

    // Orleans generates an OrleansCodeGen type into every assembly that sees Abstractions: only our own namespaces count.
    private static PredicateList Own(string project) =>
        Types.InAssembly(ProjectArrows.AssemblyOf(project)).That().ResideInNamespaceMatching("^GmailCluster(\\.|$)");
}
