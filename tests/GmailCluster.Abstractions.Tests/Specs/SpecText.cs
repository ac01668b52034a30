using GmailCluster.Specs;

namespace GmailCluster.Tests.Specs;

/// <summary>Spec texts for tests, and what the reader says about them.</summary>
internal static class SpecText
{
    /// <summary>A small valid spec: all arms, captioner and dual encoder.</summary>
    public const string Valid = """
        name: coco
        models:
          clip: clip
          diffusion: sd
          language_model: gpt2
        data:
          train:
            path: train.tar
          tests:
            - name: novel
              path: novel.tar
        generate: {}
        align: {}
        caption: {}
        retrieve: {}
        """;

    public static ExperimentSpec Read(string text) => SpecReader.Parse(text, "coco.yaml");

    /// <summary>Every problem as the user sees it.</summary>
    public static string[] ProblemsOf(string text)
    {
        var e = Assert.Throws<SpecException>(() => Read(text));
        return [.. e.Problems.Select(problem => problem.ToString())];
    }

    /// <summary>The one problem of a valid spec with <paramref name="more"/> appended.</summary>
    public static string ProblemOf(string more) => Assert.Single(ProblemsOf($"{Valid}\n{more}"));

    /// <summary>A valid spec with one piece of text replaced, which must be there.</summary>
    public static string With(string piece, string replacement)
    {
        Assert.Contains(piece, Valid, StringComparison.Ordinal);
        return Valid.Replace(piece, replacement, StringComparison.Ordinal);
    }
}
