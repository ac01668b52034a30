namespace GmailCluster.Specs.Rules;

/// <summary>Which sections and models need each other, and which would change nothing.</summary>
internal static class SectionRules
{
    public static void Check(RuleBook book)
    {
        var spec = book.Spec;
        var generates = spec.Arms.Any(arm => arm != Arm.Real);
        var aligns = spec.Arms.Any(arm => arm is Arm.Gmail or Arm.GmailReal);
        var hasTask = spec.Caption is not null || spec.Retrieve is not null || spec.Long is not null || spec.Llava is not null;
        string[] tasks = ["caption", "retrieve", "long", "llava"];

        Distinct(book, "arms", spec.Arms.Select(arm => SpecWords.Of(arm)));
        Distinct(book, "seeds", spec.Seeds);
        for (var i = 0; i < spec.Seeds.Count; i++)
        {
            book.Require(spec.Seeds[i] < 0, $"seeds[{i}]", $"is {spec.Seeds[i]}, below 0.", "Set seeds of 0 or more.");
        }

        book.Require(
            generates && spec.Generate is null, "generate", $"is missing, and {ArmsIn(spec, arm => arm != Arm.Real)} need generated images.",
            "Add a generate section ('generate: {}' takes the defaults), or leave only real in arms.", "arms");
        book.Require(
            aligns && spec.Align is null, "align", $"is missing, and {ArmsIn(spec, arm => arm is Arm.Gmail or Arm.GmailReal)} need Gen-CLIP.",
            "Add an align section ('align: {}' takes the defaults), or leave these arms out.", "arms");
        book.HasEffect(generates, "generate", "arms has only real, which uses no generated images", "Add another arm, or remove the section.", "arms");
        book.HasEffect(aligns, "align", "arms has neither gmail nor gmail+real", "Add one of them, or remove the section.", "arms");
        book.Require(
            !hasTask && spec.Align is null && spec.Generate is null, "", "asks for nothing: no generate, align or task section.",
            "Add caption, retrieve, long or llava.", [.. tasks, "generate", "align"]);

        Model(book, spec.Generate is not null, spec.Models.Diffusion, "models.diffusion", "generate", "a Stable Diffusion pipeline folder");
        Model(book, spec.Caption is not null, spec.Models.LanguageModel, "models.language_model", "caption", "a GPT2LMHeadModel folder");
        Model(book, spec.Llava is not null, spec.Models.LlavaLanguageModel, "models.llava_language_model", "llava", "a LlamaForCausalLM folder");

        book.HasEffect(spec.Generate is not null, "data.prompts", "nothing is generated", "Add a generate section, or remove the prompts.", "generate");
        book.HasEffect(hasTask, "sweep", "there is no task to train at its points", "Add caption, retrieve, long or llava, or remove the section.", tasks);
        book.HasEffect(spec.Generate is not null, "sweep", "nothing is generated", "Add a generate section, or remove the sweep.", "generate");
        book.HasEffect(spec.Generate is not null, "evaluate.sheet_pairs", "nothing is generated to show", "Remove the key.", "generate");
    }

    /// <summary>Refuses a value given twice.</summary>
    public static void Distinct<T>(RuleBook book, string key, IEnumerable<T> values)
        where T : notnull
    {
        var twice = values.GroupBy(value => value).Where(group => group.Count() > 1).Select(group => group.Key).ToList();
        book.Require(twice.Count > 0, key, $"has {string.Join(", ", twice)} more than once.", "Name each once.");
    }

    private static void Model(RuleBook book, bool isNeeded, string? folder, string key, string section, string what)
    {
        book.Require(isNeeded && folder is null, key, $"is missing, and {section} needs it.", $"Name {what}, or remove the {section} section.", section);
        book.HasEffect(isNeeded, key, $"there is no {section} section", $"Add one ('{section}: {{}}' takes the defaults), or remove the key.", section);
    }

    private static string ArmsIn(ExperimentSpec spec, Func<Arm, bool> which) =>
        $"the arms {string.Join(", ", spec.Arms.Where(which).Distinct().Select(arm => SpecWords.Of(arm)))}";
}
