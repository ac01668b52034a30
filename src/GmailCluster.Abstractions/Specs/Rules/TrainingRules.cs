using GmailCluster.Specs.Yaml;

namespace GmailCluster.Specs.Rules;

/// <summary>Batches over ranks, optimisers, losses, and what each task's settings must be to each other.</summary>
internal static class TrainingRules
{
    public static void Check(RuleBook book)
    {
        var spec = book.Spec;
        Generate(book, spec.Generate);
        if (spec.Align is { } align)
        {
            Run(book, "align", align.Steps, align.BatchSize, align.Optimizer);
            Loss(book, align);
            Lora(book, "align.lora", align.Lora);
        }

        Task(book, "caption", spec.Caption);
        Task(book, "retrieve", spec.Retrieve);
        Task(book, "long", spec.Long);
        Task(book, "llava", spec.Llava);
        foreach (var (key, task) in new (string, TaskSpec?)[] { ("retrieve", spec.Retrieve), ("long", spec.Long) })
        {
            book.Require(
                task is { BatchSize: 1 }, $"{key}.batch_size", "is 1, and a contrastive loss needs other pairs to tell apart.", "Set 2 or more.");
        }

        if (spec.Llava is { } llava)
        {
            var count = llava.Prompt.Split("<image>").Length - 1;
            book.Require(count != 1, "llava.prompt", $"has <image> {count} times.", "Put <image> once, where the patches go.");
            if (llava.Lora is { } lora)
            {
                Lora(book, "llava.lora", lora);
            }
        }
    }

    private static void Task(RuleBook book, string key, TaskSpec? task)
    {
        if (task is not null)
        {
            Run(book, key, task.Steps, task.BatchSize, task.Optimizer);
        }
    }

    private static void Run(RuleBook book, string key, int steps, int batchSize, OptimizerSpec optimizer)
    {
        var ranks = book.Spec.WorldSize;
        var below = batchSize / Math.Max(ranks, 1) * ranks;
        book.Require(
            ranks > 0 && batchSize % ranks != 0, $"{key}.batch_size", $"is {batchSize}, which {ranks} ranks (world_size) cannot share evenly.",
            $"Set a multiple of {ranks} such as {(below > 0 ? below : ranks)}.", "world_size");
        book.Require(
            optimizer.WarmupSteps > steps, $"{key}.optimizer.warmup_steps", $"is {optimizer.WarmupSteps}, more than {key}.steps, which is {steps}.",
            "Set it below the number of steps, usually a tenth.", $"{key}.steps");
    }

    private static void Loss(RuleBook book, AlignSpec align)
    {
        var loss = align.Loss.Over(align.Preset);
        book.Require(
            loss is { RealInfoNce: 0, Cosine: 0, TextInfoNce: 0, Mmd: 0, NeedsPatches: false }, "align.loss",
            "has weight 0 for every term, so nothing would be learned.", "Give at least one term a weight above 0.", "align.preset");
        book.HasEffect(loss.RealInfoNce > 0, "align.loss.real_temperature", "real_info_nce is 0", "Remove the key, or give the term a weight.", "align.loss");
        book.HasEffect(
            loss.Mmd > 0 || loss.PatchMmd > 0 || loss.PatchPositionMmd > 0, "align.loss.mmd_sigmas", $"mmd, patch_mmd and patch_position_mmd are 0 with preset {SpecWords.Of(align.Preset)}",
            "Remove the key, or give one of the terms a weight.", "align.loss", "align.preset");
        book.Require(align.Loss.MmdSigmas is { Count: 0 }, "align.loss.mmd_sigmas", "is empty.", "Name at least one width, such as [0.35, 0.7].");
        for (var i = 0; i < loss.MmdSigmas.Count; i++)
        {
            var sigma = loss.MmdSigmas[i];
            book.Require(!(sigma > 0), $"align.loss.mmd_sigmas[{i}]", $"is {SpecLimits.Show(sigma)}, not above 0.", "Set a kernel width such as 0.35.");
        }
    }

    private static void Lora(RuleBook book, string key, LoraSpec lora)
    {
        SectionRules.Distinct(book, $"{key}.target_modules", lora.TargetModules);
        for (var i = 0; i < lora.TargetModules.Count; i++)
        {
            book.Require(
                string.IsNullOrWhiteSpace(lora.TargetModules[i]), $"{key}.target_modules[{i}]", "is empty.", "Name a layer such as q_proj.");
        }
    }

    private static void Generate(RuleBook book, GenerateSpec? generate)
    {
        if (generate is null)
        {
            return;
        }

        // At a scale of 1 the unconditional prediction cancels out.
        book.HasEffect(
            generate.GuidanceScale > 1, "generate.negative_prompt", "a guidance_scale of 1 turns guidance off", "Raise guidance_scale, or remove the key.",
            "generate.guidance_scale");
    }
}
