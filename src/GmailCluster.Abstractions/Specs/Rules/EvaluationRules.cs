using GmailCluster.Specs.Yaml;

namespace GmailCluster.Specs.Rules;

/// <summary>Measurements and sweep points.</summary>
internal static class EvaluationRules
{
    public static void Check(RuleBook book)
    {
        var spec = book.Spec;
        var recall = spec.Evaluate.RecallAt;
        book.Require(recall.Count == 0, "evaluate.recall_at", "is empty.", "Name cut-offs such as [1, 5, 10].");
        SectionRules.Distinct(book, "evaluate.recall_at", recall);
        Positive(book, "evaluate.recall_at", recall);
        book.HasEffect(
            spec.Retrieve is not null || spec.Long is not null, "evaluate.recall_at", "there is neither a retrieve nor a long section",
            "Add one, or remove the key.", "retrieve", "long");

        if (spec.Evaluate.ZeroShot is { } zeroShot)
        {
            ZeroShot(book, zeroShot);
        }

        if (spec.Sweep is { } sweep)
        {
            Sweep(book, sweep);
        }
    }

    private static void ZeroShot(RuleBook book, ZeroShotSpec zeroShot)
    {
        var tests = book.Spec.Data.Tests.Select(test => test.Name).ToList();
        var near = Nearest.To(zeroShot.Test, tests);
        book.HasEffect(
            book.Spec.Retrieve is not null, "evaluate.zero_shot", "the dual encoder of the retrieve section classifies, and there is none",
            "Add 'retrieve: {}', or remove the section.", "retrieve");
        book.Require(
            !tests.Contains(zeroShot.Test), "evaluate.zero_shot.test", $"is '{zeroShot.Test}', which is no test set.",
            near is not null ? $"Did you mean {near}?" : $"Name one of data.tests: {string.Join(", ", tests)}.", "data.tests");
        SectionRules.Distinct(book, "evaluate.zero_shot.templates", zeroShot.Templates);
        for (var i = 0; i < zeroShot.Templates.Count; i++)
        {
            var count = zeroShot.Templates[i].Split("{}").Length - 1;
            book.Require(count != 1, $"evaluate.zero_shot.templates[{i}]", $"has {{}} {count} times.", "Put {} once, where the class name goes.");
        }
    }

    private static void Sweep(RuleBook book, SweepSpec sweep)
    {
        var spec = book.Spec;
        SectionRules.Distinct(book, "sweep.data_fraction", sweep.DataFraction);
        for (var i = 0; i < sweep.DataFraction.Count; i++)
        {
            var fraction = sweep.DataFraction[i];
            book.Require(
                !(fraction is > 0 and <= 1), $"sweep.data_fraction[{i}]", $"is {SpecLimits.Show(fraction)}, not above 0 and at most 1.", "Set a fraction such as 0.25.");
        }

        if (sweep.ImagesPerCaption is { } images)
        {
            book.Require(images.Count == 0, "sweep.images_per_caption", "is empty.", "Name numbers such as [1, 2, 4], or leave the key out.");
            SectionRules.Distinct(book, "sweep.images_per_caption", images);
            Positive(book, "sweep.images_per_caption", images);
            for (var i = 0; i < images.Count; i++)
            {
                book.Require(
                    images[i] > spec.Generate?.ImagesPerCaption, $"sweep.images_per_caption[{i}]",
                    $"is {images[i]}, more than generate.images_per_caption, which is {spec.Generate?.ImagesPerCaption}.",
                    "Generate as many, or sweep fewer.", "generate");
            }
        }

        SectionRules.Distinct(book, "sweep.arms", sweep.Arms.Select(arm => SpecWords.Of(arm)));
        foreach (var arm in sweep.Arms.Distinct())
        {
            var word = SpecWords.Of(arm);
            book.Require(arm == Arm.Real, "sweep.arms", "has real, which uses no generated images.", "Remove it from the sweep.");
            book.Require(
                arm != Arm.Real && !spec.Arms.Contains(arm), "sweep.arms", $"has {word}, which is not in arms.", $"Add {word} to arms, or name the arms to sweep.", "arms");
        }
    }

    private static void Positive(RuleBook book, string key, IReadOnlyList<int> values)
    {
        for (var i = 0; i < values.Count; i++)
        {
            book.Require(values[i] < 1, $"{key}[{i}]", $"is {values[i]}, below 1.", "Set 1 or more.");
        }
    }
}
